package srtp

import "testing"

func TestEveryContenderProtectsAndUnprotects(t *testing.T) {
	figures, err := Figures()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range figures {
		for _, c := range f.Contenders {
			if _, err := c.Run(1000); err != nil { // past the last sequence number
				t.Errorf("%s, %s: %v", f.Name, c.Name, err)
			}
			if _, err := c.Run(10); err != nil { // once more
				t.Errorf("%s, %s: %v", f.Name, c.Name, err)
			}
		}
	}
}
