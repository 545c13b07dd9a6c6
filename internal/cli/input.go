package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"homeroom/internal/printing"
	"homeroom/rules"
)

// openInput returns a file or standard input, and how many bytes it is, 0 if that is not known.
func openInput(o IO, name string) (io.ReadCloser, int64, error) {
	if name == "-" {
		return io.NopCloser(o.In), 0, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, usage(err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder", name)
	}
	if err != nil {
		return nil, 0, usage(errors.Join(err, f.Close()))
	}
	return f, info.Size(), nil
}

// openEvents is openInput for the file that --events names.
func openEvents(o IO, file string) (io.ReadCloser, int64, error) {
	in, size, err := openInput(o, file)
	if err != nil {
		return nil, 0, usage(fmt.Errorf("--events: %w", err))
	}
	return in, size, nil
}

// readRecording has the events read of the file that --events names, and draws how far that is.
func readRecording[T any](o IO, file string, read func(in io.Reader, progress func(events, total int64)) (T, error)) (answer T, err error) {
	in, size, err := openEvents(o, file)
	if err != nil {
		return answer, err
	}
	defer in.Close()
	bar := printing.NewProgress(o, size)
	answer, err = read(bar.Reader(in), func(events, _ int64) { bar.Draw(int(events)) })
	bar.Clear()
	if err != nil {
		return answer, fmt.Errorf("%s: %w", sourceName(file), err)
	}
	return answer, nil
}

// sourceName names where events come from.
func sourceName(file string) string {
	if file == "-" {
		return "standard input"
	}
	return file
}

// openBodies loads the academy of a folder, nil for none, and opens a file of bodies.
func openBodies(o IO, folder, file string) (academy *rules.Academy, in io.ReadCloser, err error) {
	if folder != "" {
		if academy, err = loadAcademy(folder); err != nil {
			return nil, nil, err
		}
	}
	in, _, err = openInput(o, file)
	return academy, in, err
}
