package process

import (
	"fmt"
	"os"
	"path/filepath"
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
func parseProcessorTime(stat string) time.Duration { return sumTicks(stat, 14, 15) }

// sumTicks adds fields of proc_pid_stat(5) that count processor time; 0 if one of them is missing. A number is that of the page, 4 or more.
func sumTicks(stat string, numbers ...int) time.Duration {
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:]) // the name before it may hold anything
	var sum int64
	for _, number := range numbers {
		if len(fields) <= number-3 {
			return 0
		}
		ticks, err := strconv.ParseInt(fields[number-3], 10, 64)
		if err != nil {
			return 0
		}
		sum += ticks
	}
	return time.Duration(sum) * time.Second / ticksPerSecond
}

// FamilyProcessorTime returns the processor time so far of a process, of its children, and of those of its children that have ended; 0 if the system does not say.
// Grandchildren count once they and their parent have ended.
func FamilyProcessorTime(id int) time.Duration {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0
	}
	var stats []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil { // otherwise it has ended meanwhile
			stats = append(stats, string(text))
		}
	}
	return addFamilyTimes(stats, strconv.Itoa(id))
}

// addFamilyTimes is FamilyProcessorTime for the texts of all files /proc/<id>/stat.
func addFamilyTimes(stats []string, id string) time.Duration {
	var sum time.Duration
	for _, stat := range stats {
		own, _, _ := strings.Cut(stat, " ")
		fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
		isChild := len(fields) > 1 && fields[1] == id // field 4 is the parent
		if own == id || isChild {
			sum += sumTicks(stat, 14, 15, 16, 17) // the last two are those of its children that have ended
		}
	}
	return sum
}
