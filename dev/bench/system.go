package bench

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// totalMemory is the machine's, in bytes; 0: this system does not tell.
func totalMemory() int64 { return readKilobytes("/proc/meminfo", "MemTotal:") }

// readKilobytes reads a line "NAME   123 kB".
func readKilobytes(file, name string) int64 {
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

// processorTime is what this process has used so far; 0: this system does not tell.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
