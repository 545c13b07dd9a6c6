package cli

import (
	"fmt"
	"os"

	"homeroom/rules"
)

// loadAcademy compiles a folder, or prints what is wrong with it. Warnings are left to `rules check`.
func loadAcademy(o IO, dir string) (*rules.Academy, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, usage(fmt.Errorf("there is no folder %s", dir))
	}
	academy, problems := rules.LoadDir(dir)
	if problems.Err() == nil {
		return academy, nil
	}
	var errors rules.Problems
	for _, p := range problems {
		if !p.Warning {
			errors = append(errors, p)
		}
	}
	if err := errors.Format(o.Err, o.Color); err != nil {
		return nil, err
	}
	return nil, ExitError{Code: 1}
}

// usage is an error about how the command was typed.
func usage(err error) error { return ExitError{Code: 2, Err: err} }
