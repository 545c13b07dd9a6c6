package catalog

import (
	"encoding/binary"
	"math/bits"
	"strconv"
)

// The tokens of JSON, as plain reads them: space, single bytes, words, texts and numbers.

// nextByte is the byte that comes next; 0 at the end, which is no valid byte of JSON either.
func (p *plain) nextByte() byte {
	if p.at < len(p.body) {
		return p.body[p.at]
	}
	return 0
}

// skipSpace passes over space. Nearly everywhere there is none, which one comparison tells.
func (p *plain) skipSpace() {
	if p.at < len(p.body) && p.body[p.at] <= ' ' {
		p.skipSpaces()
	}
}

func (p *plain) skipSpaces() {
	for p.at < len(p.body) && (p.body[p.at] == ' ' || p.body[p.at] == '\n' || p.body[p.at] == '\t' || p.body[p.at] == '\r') {
		p.at++
	}
}

// takeByte reads the byte, and the space before it, if it comes next.
func (p *plain) takeByte(b byte) bool {
	p.skipSpace()
	if p.nextByte() != b {
		return false
	}
	p.at++
	return true
}

func (p *plain) skipWord(word string) bool {
	end := p.at + len(word)
	if end > len(p.body) || string(p.body[p.at:end]) != word {
		return false
	}
	p.at = end
	return true
}

// readString reads a text. It is valid until the next text is read.
func (p *plain) readString() ([]byte, bool) {
	if p.nextByte() != '"' {
		return nil, false
	}
	end := p.plainEnd(p.at + 1)
	switch {
	case end == len(p.body):
		return nil, false
	case p.body[end] == '"':
		text := p.body[p.at+1 : end]
		p.at = end + 1
		return text, true
	case p.body[end] == '\\':
		return p.readEscaped(end)
	}
	return nil, false // a control character
}

// plainEnd returns the index at or after at of the first quotation mark, backslash or control character of the body; if there is none, the length of the body. Most
// of a body is texts, so it looks at eight bytes at once.
func (p *plain) plainEnd(at int) int {
	const step = 8
	for ; at+step <= len(p.body); at += step {
		if ends := plainEnds(binary.LittleEndian.Uint64(p.body[at:])); ends != 0 {
			return at + bits.TrailingZeros64(ends)/step
		}
	}
	for at < len(p.body) && p.body[at] != '"' && p.body[at] != '\\' && p.body[at] >= ' ' {
		at++
	}
	return at
}

// plainEnds says which of eight bytes are quotation marks, backslashes or control characters: it returns the highest bit of each, zero if there is none. Of the bits only
// the lowest is certain: a subtraction borrows from the next byte where it finds one. See "Determine if a word has a byte less than n" in Anderson's Bit Twiddling Hacks.
func plainEnds(eight uint64) uint64 {
	const (
		ones     = 0x0101010101010101
		highest  = 0x80 * ones
		quotes   = '"' * ones
		escapes  = '\\' * ones
		controls = ' ' * ones // the first byte that is none
	)
	return ((eight - controls) | ((eight ^ quotes) - ones) | ((eight ^ escapes) - ones)) &^ eight & highest
}

func (p *plain) readNumber() (any, bool) {
	number, whole, ok := p.scanNumber()
	if !ok {
		return nil, false
	}
	if whole {
		if n, small := smallNumber(number); small {
			return p.names.number(n), true
		}
	}
	n, err := strconv.ParseFloat(string(number), 64)
	return n, err == nil
}

// scanNumber passes over a number by JSON's grammar, which strconv's is wider than. whole is false if it has a fraction or an exponent.
func (p *plain) scanNumber() (number []byte, whole, ok bool) {
	start := p.at
	if p.nextByte() == '-' {
		p.at++
	}
	if p.nextByte() == '0' {
		p.at++
	} else if !p.skipDigits() {
		return nil, false, false
	}
	whole = true
	if p.nextByte() == '.' {
		whole = false
		p.at++
		if !p.skipDigits() {
			return nil, false, false
		}
	}
	if b := p.nextByte(); b == 'e' || b == 'E' {
		whole = false
		p.at++
		if b := p.nextByte(); b == '+' || b == '-' {
			p.at++
		}
		if !p.skipDigits() {
			return nil, false, false
		}
	}
	return p.body[start:p.at], whole, true
}

// smallNumber returns a number of at most three digits without a sign, as most are.
func smallNumber(digits []byte) (n int, small bool) {
	if len(digits) > 3 || digits[0] == '-' {
		return 0, false
	}
	for _, digit := range digits {
		n = 10*n + int(digit-'0')
	}
	return n, true
}

// skipDigits reads one digit or more.
func (p *plain) skipDigits() bool {
	start := p.at
	for b := p.nextByte(); '0' <= b && b <= '9'; b = p.nextByte() {
		p.at++
	}
	return p.at > start
}
