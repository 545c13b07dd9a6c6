//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package segments

import (
	"os"
	"path/filepath"
)

// lockFolder opens the folder's lock file. Here nothing keeps a second process out; what two processes write is found damaged and made anew.
func lockFolder(dir string) (*os.File, error) {
	return os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
}
