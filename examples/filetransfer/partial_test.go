package main

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
)

func about(name string, size int64) note {
	return note{ID: "0123456789abcdef", Name: name, Size: &size}
}

func TestFileKeepsItsFolderWhateverItsName(t *testing.T) {
	for name, want := range map[string]string{
		"plain.txt": "plain.txt", "../../etc/passwd": "passwd", "/etc/shadow": "shadow", `C:\Windows\win.ini`: "win.ini", "a/../../b": "b", "..hidden": "..hidden",
	} {
		folder := t.TempDir()
		f, err := openPartial(folder, about(name, 3))
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if err := f.add([]byte("abc")); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte("abc"))
		if got, err := f.finish(sum[:]); err != nil || got != want {
			t.Errorf("%q became %q, %v, want %q", name, got, err, want)
		}
		if entries, _ := os.ReadDir(folder); len(entries) != 1 || entries[0].Name() != want {
			t.Errorf("%q: the folder has %v", name, entries)
		}
	}
	for _, bad := range []note{about("", 1), about("..", 1), about("/", 1), about("a\nb", 1), about("x", -1), {ID: "../x", Name: "x", Size: new(int64)}, {Name: "x", Size: new(int64)}, {ID: "0123456789abcdef", Name: "x"}} {
		if _, err := openPartial(t.TempDir(), bad); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

func TestFileThatIsThereIsNotOverwritten(t *testing.T) {
	folder := t.TempDir()
	old := filepath.Join(folder, "a.txt")
	if err := os.WriteFile(old, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a (1).txt", "a (2).txt"} {
		f, err := openPartial(folder, about("a.txt", 0))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(nil)
		if got, err := f.finish(sum[:]); err != nil || got != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	if b, _ := os.ReadFile(old); string(b) != "old" {
		t.Errorf("the old file has %q", b)
	}
}

func TestPartGoesOnWhereItWas(t *testing.T) {
	folder := t.TempDir()
	f, err := openPartial(folder, about("x", 6))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.add([]byte("abc")); err != nil {
		t.Fatal(err)
	}
	f.close()
	if f, err = openPartial(folder, about("x", 6)); err != nil || f.have != 3 {
		t.Fatalf("%d bytes, %v", f.have, err)
	}
	if err := f.add([]byte("defg")); err == nil {
		t.Error("more than the whole is taken")
	}
	if err := f.add([]byte("def")); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("abcdef"))
	if _, err := f.finish(sum[:]); err != nil {
		t.Error(err)
	}
}

func TestWrongChecksumLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	f, err := openPartial(folder, about("x", 3))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.add([]byte("abc")); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("abd"))
	if _, err := f.finish(sum[:]); err == nil {
		t.Error("it is taken")
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 0 {
		t.Errorf("the folder has %v", entries)
	}
}
