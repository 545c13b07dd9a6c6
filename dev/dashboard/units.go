package main

import (
	"math"
	"strconv"
)

// scale is a range of units that differ by factors.
type scale struct {
	from   float64
	factor float64
	unit   string
}

// scalesOf returns those of Grafana's units, the largest first. Another unit has plain numbers.
func scalesOf(unit string) []scale {
	switch unit {
	case "s":
		return []scale{{60, 60, " min"}, {1, 1, " s"}, {1e-3, 1e-3, " ms"}, {0, 1e-6, " µs"}}
	case "bytes":
		return []scale{{1 << 30, 1 << 30, " GiB"}, {1 << 20, 1 << 20, " MiB"}, {1 << 10, 1 << 10, " KiB"}, {0, 1, " B"}}
	case "ops":
		return []scale{{1e3, 1e3, " K/s"}, {0, 1, "/s"}}
	}
	return []scale{{1e6, 1e6, " M"}, {1e3, 1e3, " K"}, {0, 1, ""}}
}

// formatValue writes a value with three digits at most.
func formatValue(v float64, unit string) string {
	if v == 0 {
		return "0"
	}
	for _, s := range scalesOf(unit) {
		if math.Abs(v) >= s.from {
			return strconv.FormatFloat(roundDigits(v/s.factor), 'f', -1, 64) + s.unit
		}
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// roundDigits rounds to three digits; whole numbers stay.
func roundDigits(v float64) float64 {
	if v == 0 || math.Abs(v) >= 100 {
		return math.Round(v)
	}
	digits := math.Pow(10, 2-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*digits) / digits
}

// topOf returns the end of an axis that holds a value: 1, 2 or 5 times a power of ten, of two for bytes.
func topOf(highest float64, unit string) float64 {
	if highest <= 0 {
		return 1
	}
	if unit == "bytes" {
		return math.Pow(2, math.Ceil(math.Log2(highest)))
	}
	power := math.Pow(10, math.Floor(math.Log10(highest)))
	for _, n := range []float64{1, 2, 5} {
		if highest <= n*power {
			return n * power
		}
	}
	return 10 * power
}
