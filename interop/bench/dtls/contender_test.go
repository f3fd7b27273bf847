package dtls

import "testing"

func TestEveryContenderDoesItsTasks(t *testing.T) {
	figures, end, err := Figures(func(s string) { t.Log(s) })
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	for _, f := range figures {
		for _, c := range f.Contenders {
			if cost, err := c.Run(2); err != nil || cost < 0 && f.Unit != "bytes an end" {
				t.Errorf("%s, %s: %v, %v", f.Name, c.Name, cost, err)
			}
		}
	}
}
