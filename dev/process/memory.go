package process

import (
	"os"
	"strconv"
	"strings"
)

// ReadMemory reads the line "NAME   123 kB" from a file of Linux's /proc, such as "VmRSS:" from /proc/self/status, and
// returns the value in bytes; 0 if there is no such file or line.
func ReadMemory(file, name string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) == 3 && words[0] == name {
			kilobytes, _ := strconv.ParseInt(words[1], 10, 64)
			return kilobytes << 10
		}
	}
	return 0
}
