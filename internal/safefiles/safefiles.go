// Package safefiles reads files that people or repositories name, which are not trusted with the machine: a folder of rules comes by way of a pull
// request and is checked in CI. Only regular files are read, and of a folder only what lies inside it: a link that leads out of it is
// refused, and so are pipes, sockets and devices, which could hang the reader or say what is on the machine.
package safefiles

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrNotRegular says that a name is not that of a regular file.
var ErrNotRegular = errors.New("it is not a regular file")

// ErrTooLarge says that a file is larger than allowed.
var ErrTooLarge = errors.New("it is too large")

// Dir returns the files of a folder of this machine. A name that leads out of the folder is an error of os.Root; one that is neither a regular file nor a
// folder is [ErrNotRegular]. A folder that cannot be opened is an error of each call.
func Dir(dir string) fs.FS {
	root, err := os.OpenRoot(dir)
	return folder{
		root: root,
		err:  err,
	}
}

type folder struct {
	root *os.Root
	err  error
}

// Open implements fs.FS. It looks before it opens, because opening a named pipe waits for a writer.
func (f folder) Open(name string) (fs.File, error) {
	if f.err != nil {
		return nil, f.err
	}
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	info, err := f.root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() && !info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: ErrNotRegular}
	}
	return f.root.Open(name)
}

// ReadFile reads a regular file of this machine of at most `most` bytes.
func ReadFile(name string, most int64) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: ErrNotRegular}
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > most {
		return nil, fmt.Errorf("%s: %w: at most %d bytes", name, ErrTooLarge, most)
	}
	return data, nil
}
