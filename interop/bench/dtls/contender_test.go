//go:build unix

package main

import "testing"

func TestEveryContenderDoesItsTasks(t *testing.T) {
	contenders, err := all()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range contenders {
		defer c.close()
		for _, task := range tasks {
			if !c.can(task.kind) {
				continue
			}
			if d, err := c.run(task.kind, 2); err != nil || d < 0 {
				t.Errorf("%s, %s: %v, %v", c.name(), task.name, d, err)
			}
		}
	}
}

func TestRatiosAreThoseOfTheSameRound(t *testing.T) {
	r := &result{names: []string{"a", "b"}, each: map[string]spread{"a": {1, 20, 3}, "b": {2, 10, 4}}}
	got, ok := r.ratio("a", "b")
	if want := "0.50-0.75-2.00"; !ok || got.String() != want {
		t.Errorf("%v, want %s", got, want)
	}
	if _, ok := r.ratio("a", "c"); ok {
		t.Error("a ratio to nobody")
	}
}
