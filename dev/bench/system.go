package bench

import (
	"os"
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

// peakMemory returns the most memory that this process has had at a time since [forgetPeakMemory], in bytes; 0 if the system does not say.
func peakMemory() int64 { return process.ReadMemory("/proc/self/status", "VmHWM:") }

// forgetPeakMemory begins anew to look for the most memory, where the system can do that; else it is the most since the process began.
func forgetPeakMemory() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }
