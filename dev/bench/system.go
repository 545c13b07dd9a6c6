package bench

import (
	"syscall"
	"time"

	"homeroom/dev/process"
)

// totalMemory returns the machine's memory, in bytes; 0 if the system does not say.
func totalMemory() int64 { return process.ReadMemory("/proc/meminfo", "MemTotal:") }

// processorTime returns the processor time of this process so far; 0 if the system does not say.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
