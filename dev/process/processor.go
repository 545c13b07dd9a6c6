package process

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ProcessorTime returns the processor time of the process so far; 0 if the system does not say.
func (p *Process) ProcessorTime() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	return parseProcessorTime(string(text))
}

// ticksPerSecond is how Linux counts processor time in /proc, on every architecture that Go knows.
const ticksPerSecond = 100

// parseProcessorTime reads the times in user and in kernel mode, fields 14 and 15 of proc_pid_stat(5); 0 if there are none.
func parseProcessorTime(stat string) time.Duration {
	_, rest, _ := strings.Cut(stat[strings.LastIndex(stat, ")")+1:], " ") // the name before it may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	kernel, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0
	}
	return time.Duration(user+kernel) * time.Second / ticksPerSecond
}
