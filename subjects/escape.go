package subjects

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLearner is the longest learner id, in bytes before escaping.
const MaxLearner = 128

const hexDigits = "0123456789ABCDEF"

// isPlain reports whether a byte stands for itself in a token.
func isPlain(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_' || b == '-'
}

// Escape writes any text as one subject token or key: bytes outside [A-Za-z0-9_-] become =XX, uppercase hex. The empty
// text stays empty, which no subject may hold.
func Escape(id string) string {
	odd := 0
	for i := range len(id) {
		if !isPlain(id[i]) {
			odd++
		}
	}
	if odd == 0 {
		return id
	}
	var b strings.Builder
	b.Grow(len(id) + 2*odd)
	for i := range len(id) {
		if c := id[i]; isPlain(c) {
			b.WriteByte(c)
		} else {
			b.WriteByte('=')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&0xF])
		}
	}
	return b.String()
}

// Unescape is the inverse of [Escape]. It refuses every token that Escape would not have written, because a learner
// with two spellings would have two partitions and could not be erased by subject.
func Unescape(token string) (string, error) {
	escapes := strings.Count(token, "=")
	var b strings.Builder
	b.Grow(max(0, len(token)-2*escapes))
	for i := 0; i < len(token); i++ {
		c := token[i]
		if c != '=' {
			if !isPlain(c) {
				return "", fmt.Errorf("%q must not stand in a subject as it is: write it =%02X", string(rune(c)), c)
			}
			b.WriteByte(c)
			continue
		}
		if i+2 >= len(token) {
			return "", errors.New("a = must be followed by two hex digits, as in auth0=7C7")
		}
		hi := strings.IndexByte(hexDigits, token[i+1])
		lo := strings.IndexByte(hexDigits, token[i+2])
		if hi < 0 || lo < 0 {
			return "", fmt.Errorf("=%q is not an escape: write two uppercase hex digits, as in auth0=7C7", token[i+1:i+3])
		}
		decoded := byte(hi<<4 | lo)
		if isPlain(decoded) {
			return "", fmt.Errorf("=%s is %q, which must be written as it is", token[i+1:i+3], string(rune(decoded)))
		}
		b.WriteByte(decoded)
		i += 2
	}
	return b.String(), nil
}

// ValidLearner returns what is wrong with a learner id: it is 1 to 128 bytes of valid UTF-8 without control characters,
// and not "_", which stands for "no learner" ([NoLearner]).
func ValidLearner(id string) error {
	switch {
	case id == "":
		return errors.New("a learner id must not be empty")
	case id == NoLearner:
		return fmt.Errorf("the learner id %q is taken: it stands for events that have no learner", NoLearner)
	case len(id) > MaxLearner:
		return fmt.Errorf("a learner id has at most %d bytes, this one has %d", MaxLearner, len(id))
	case !utf8.ValidString(id):
		return errors.New("a learner id must be valid UTF-8")
	case HasControl(id):
		return errors.New("a learner id must not contain control characters")
	}
	return nil
}

// HasControl reports whether a text has control characters. Nearly all ids are ASCII without any, which their bytes say.
func HasControl(text string) bool {
	for i := range len(text) {
		switch b := text[i]; {
		case b >= utf8.RuneSelf:
			return strings.ContainsFunc(text[i:], unicode.IsControl)
		case b < ' ' || b == 0x7f:
			return true
		}
	}
	return false
}
