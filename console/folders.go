package console

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"sync"

	"homeroom/admin"
)

// keptFolders is how many compiled folders are kept. One takes a few megabytes.
const keptFolders = 8

// folderCache keeps the folders that were looked at last, compiled, by the content of their files: what is in force and drafts are looked at often and change seldom.
type folderCache struct {
	mu   sync.Mutex
	kept []keptFolder // the last used one last
}

type keptFolder struct {
	hash   [sha256.Size]byte
	folder *admin.Folder
}

// compileFiles returns the compiled folder of the files.
func (c *folderCache) compileFiles(files map[string][]byte) *admin.Folder {
	hash := hashFiles(files)
	if folder := c.findFolder(hash); folder != nil {
		return folder
	}
	folder := admin.LoadFiles(files)
	c.keepFolder(keptFolder{hash, folder})
	return folder
}

func (c *folderCache) findFolder(hash [sha256.Size]byte) *admin.Folder {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := slices.IndexFunc(c.kept, func(k keptFolder) bool { return k.hash == hash })
	if n < 0 {
		return nil
	}
	found := c.kept[n]
	c.kept = append(slices.Delete(c.kept, n, n+1), found)
	return found.folder
}

func (c *folderCache) keepFolder(k keptFolder) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = append(c.kept, k)
	if extra := len(c.kept) - keptFolders; extra > 0 {
		c.kept = slices.Delete(c.kept, 0, extra)
	}
}

// hashFiles returns a hash of the names and contents of files.
func hashFiles(files map[string][]byte) [sha256.Size]byte {
	all := sha256.New()
	var length [8]byte
	add := func(part []byte) {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		_, _ = all.Write(length[:])
		_, _ = all.Write(part)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		add([]byte(name))
		add(files[name])
	}
	return [sha256.Size]byte(all.Sum(nil))
}
