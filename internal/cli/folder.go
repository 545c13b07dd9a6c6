package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"homeroom/admin"
	"homeroom/internal/safefiles"
	"homeroom/rules"
)

// openFolder compiles a folder of this machine; it may have problems. Problems name files as a person at the same place
// would type them.
func openFolder(dir string) (*admin.Folder, error) {
	if !isDir(dir) {
		return nil, usage(fmt.Errorf("there is no folder %s; give the path of the folder that holds rules/", dir))
	}
	return admin.LoadFolder(safefiles.Dir(dir), filepath.ToSlash(filepath.Clean(dir))), nil
}

// compileFolder returns a folder without mistakes. Warnings are left to `rules check`.
func compileFolder(dir string) (*admin.Folder, error) {
	folder, err := openFolder(dir)
	if err == nil {
		_, err = folder.Compiled()
	}
	return folder, err
}

// loadAcademy compiles a folder.
func loadAcademy(dir string) (*rules.Academy, error) {
	folder, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	return folder.Compiled()
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// folderName is the last element of a folder's path, also where the path is "." or ends with "..".
func folderName(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return filepath.Base(dir)
}

// maxInputFile bounds a file that a flag names, such as --with, --body and --catalog: no body of an event may be larger.
const maxInputFile = 1 << 20
