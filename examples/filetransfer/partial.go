package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A partial is a file on its way here. What has come is kept in "NAME.ID.part" beside where the file will be.
type partial struct {
	folder string
	name   string // of the whole file, without a folder
	path   string // of the part
	file   *os.File
	size   int64     // bytes of the whole
	have   int64     // bytes that are there
	sum    hash.Hash // of them
}

var validID = regexp.MustCompile(`^[0-9a-f]{8,64}$`)

// openPartial opens the part of the file that a sender is about to send, or begins one. The name may be anything: only its last element counts.
func openPartial(folder string, about note) (*partial, error) {
	name := filepath.Base(filepath.Clean("/" + strings.ReplaceAll(about.Name, `\`, "/")))
	switch {
	case name == "/" || name == "." || strings.ContainsAny(name, "\x00\n\r"):
		return nil, fmt.Errorf("the file's name is %.100q", about.Name)
	case about.Size == nil || *about.Size < 0:
		return nil, errors.New("the sender does not say how large the file is")
	case !validID.MatchString(about.ID):
		return nil, fmt.Errorf("the file's identity is %.100q", about.ID)
	}
	f := &partial{folder: folder, name: name, size: *about.Size, sum: sha256.New()}
	f.path = filepath.Join(folder, name+"."+about.ID[:8]+".part")
	var err error
	if f.file, err = os.OpenFile(f.path, os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return nil, err
	}
	if f.have, err = io.Copy(f.sum, f.file); err == nil && f.have > f.size {
		err = fmt.Errorf("%s is larger than the file", f.path)
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// add appends what came.
func (f *partial) add(b []byte) error {
	if f.have+int64(len(b)) > f.size {
		return fmt.Errorf("the sender sends more than the %d bytes of the file", f.size)
	}
	n, err := f.file.Write(b)
	f.have += int64(n)
	f.sum.Write(b[:n])
	return err
}

// finish checks the whole against its checksum and gives it its name, or another that is free, which it returns.
func (f *partial) finish(sum []byte) (string, error) {
	if f.have != f.size {
		return "", fmt.Errorf("%d of %d bytes have come", f.have, f.size)
	}
	if !bytes.Equal(f.sum.Sum(nil), sum) {
		f.close()
		_ = os.Remove(f.path) // who tries again begins anew
		return "", errors.New("the checksum is wrong")
	}
	if err := errors.Join(f.file.Sync(), f.file.Close()); err != nil {
		return "", err
	}
	extension := filepath.Ext(f.name)
	for i := 0; ; i++ {
		name := f.name
		if i > 0 {
			name = fmt.Sprintf("%s (%d)%s", strings.TrimSuffix(f.name, extension), i, extension)
		}
		// Link fails where Rename would overwrite.
		switch err := os.Link(f.path, filepath.Join(f.folder, name)); {
		case err == nil:
			return name, os.Remove(f.path)
		case errors.Is(err, os.ErrExist):
			continue
		}
		// A file system without links.
		if _, err := os.Lstat(filepath.Join(f.folder, name)); err == nil {
			continue
		}
		return name, os.Rename(f.path, filepath.Join(f.folder, name))
	}
}

// close leaves the part for another time.
func (f *partial) close() { _ = f.file.Close() }
