package catalog

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// readEscaped reads a text that has its first escape at first, as json.dumps and json_encode write everything that is not ASCII. p is at the text's
// quotation mark.
func (p *plain) readEscaped(first int) ([]byte, bool) {
	text := append(p.unescaped[:0], p.body[p.at+1:first]...)
	for at := first; at < len(p.body); {
		switch b := p.body[at]; {
		case b == '"':
			p.at = at + 1
			p.unescaped = text
			return text, true
		case b == '\\':
			var length int
			text, length = appendEscape(text, p.body[at:])
			if length == 0 {
				return nil, false
			}
			at += length
		case b < ' ':
			return nil, false
		default:
			text = append(text, b)
			at++
		}
	}
	return nil, false
}

// The letters of the short escapes, and what each stands for.
const (
	shortEscapes  = `"\/bfnrt`
	shortMeanings = "\"\\/\b\f\n\r\t"
)

// appendEscape appends what the escape at the beginning of the bytes stands for, and returns how long the escape is, in bytes; 0: it is none of JSON's.
func appendEscape(text, escape []byte) (longer []byte, length int) {
	if len(escape) < len(`\n`) {
		return text, 0
	}
	if which := bytes.IndexByte([]byte(shortEscapes), escape[1]); which >= 0 {
		return append(text, shortMeanings[which]), len(`\n`)
	}
	unit := codeUnit(escape)
	if unit < 0 {
		return text, 0
	}
	length = len(`\u0000`)
	if utf16.IsSurrogate(unit) {
		pair := utf16.DecodeRune(unit, codeUnit(escape[length:]))
		if pair != utf8.RuneError {
			length *= 2
		}
		unit = pair // half a pair is U+FFFD, as in encoding/json
	}
	return utf8.AppendRune(text, unit), length
}

// codeUnit returns the UTF-16 code unit of an escape such as \u00e9 at the beginning of the bytes, or -1.
func codeUnit(escape []byte) rune {
	if len(escape) < len(`\u0000`) || escape[0] != '\\' || escape[1] != 'u' {
		return -1
	}
	unit := rune(0)
	for _, digit := range escape[len(`\u`):len(`\u0000`)] {
		value := hexValue(digit)
		if value < 0 {
			return -1
		}
		unit = unit<<4 | value
	}
	return unit
}

// hexValue returns the value of a hexadecimal digit, or -1.
func hexValue(digit byte) rune {
	switch {
	case '0' <= digit && digit <= '9':
		return rune(digit - '0')
	case 'a' <= digit && digit <= 'f':
		return rune(digit-'a') + 10
	case 'A' <= digit && digit <= 'F':
		return rune(digit-'A') + 10
	}
	return -1
}
