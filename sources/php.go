package sources

import (
	"strconv"
	"strings"
)

// parsePHP returns the value of a text that PHP's serialize wrote: null, booleans, numbers, texts and arrays. Arrays become objects. Objects of
// classes are refused. https://www.php.net/manual/en/function.serialize.php
func parsePHP(text string) (value any, ok bool) {
	p := &phpParser{rest: text}
	value, ok = p.readValue(0)
	return value, ok && p.rest == ""
}

// maxPHPDepth is how deep arrays may lie inside one another.
const maxPHPDepth = 16

type phpParser struct{ rest string }

// takeUntil takes what stands before a sign, and the sign.
func (p *phpParser) takeUntil(sign string) (before string, ok bool) {
	before, p.rest, ok = strings.Cut(p.rest, sign)
	return before, ok
}

// skipText takes a text that must stand here.
func (p *phpParser) skipText(text string) (ok bool) {
	p.rest, ok = strings.CutPrefix(p.rest, text)
	return ok
}

func (p *phpParser) readValue(depth int) (any, bool) {
	if p.skipText("N;") {
		return nil, true
	}
	if len(p.rest) < 2 || p.rest[1] != ':' || depth > maxPHPDepth {
		return nil, false
	}
	kind := p.rest[0]
	p.rest = p.rest[2:]
	switch kind {
	case 'b':
		digit, ok := p.takeUntil(";")
		return digit == "1", ok
	case 'i', 'd':
		digits, ok := p.takeUntil(";")
		number, err := strconv.ParseFloat(digits, 64)
		return number, ok && err == nil && number-number == 0 // neither infinite nor none
	case 's':
		return p.readText()
	case 'a':
		return p.readArray(depth)
	}
	return nil, false
}

// readText reads the length in bytes, and so many bytes in quotes.
func (p *phpParser) readText() (any, bool) {
	digits, ok := p.takeUntil(":")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 0 || n > len(p.rest) || !p.skipText(`"`) || n > len(p.rest) {
		return nil, false
	}
	text := p.rest[:n]
	p.rest = p.rest[n:]
	return strings.ToValidUTF8(text, "\uFFFD"), p.skipText(`";`)
}

// readArray reads the number of entries, and each with its key.
func (p *phpParser) readArray(depth int) (any, bool) {
	digits, ok := p.takeUntil(":")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 0 || n > len(p.rest) || !p.skipText("{") {
		return nil, false
	}
	object := map[string]any{}
	for range n {
		key, ok := p.readValue(depth + 1)
		if !ok {
			return nil, false
		}
		value, ok := p.readValue(depth + 1)
		if !ok {
			return nil, false
		}
		switch key := key.(type) {
		case string:
			object[key] = value
		case float64:
			object[strconv.FormatFloat(key, 'f', -1, 64)] = value
		default:
			return nil, false
		}
	}
	return object, p.skipText("}")
}
