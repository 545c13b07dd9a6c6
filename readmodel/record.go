package readmodel

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"strings"
	"time"

	"homeroom/engine"
)

// Record is one message of a stream. At most one of Decision, Event and Unreadable is set; none is set if the message counts nothing.
type Record struct {
	Sequence   uint64 // greater than that of the record before
	StoredAt   time.Time
	Decision   *engine.Decision
	Event      *engine.Event
	Unreadable string // why the message cannot be counted; whoever counts it gets this as an error
}

// What a record is, in the file.
const (
	recordNothing byte = iota
	recordDecision
	recordEvent
	recordUnreadable
)

// eventTexts are the properties that are kept of an event, besides machine.
var eventTexts = [...]string{"send_id", "certificate_id", "course_id", "referrer_id", "referred_id"}

// errDamaged is what a chunk returns that cannot be read.
var errDamaged = errors.New("the read model is damaged")

// chunk is a run of records as it is stored, in one row.
type chunk struct {
	first uint64 // sequence
	last  uint64 // sequence
	at    int64  // when the last was stored, in Unix nanoseconds
	count int
	data  []byte
}

func (c *chunk) addRecord(r *Record) {
	if c.count == 0 {
		c.first = r.Sequence
	}
	c.last = r.Sequence
	c.at = r.StoredAt.UnixNano()
	c.count++
	c.data = binary.AppendUvarint(c.data, r.Sequence)
	c.data = binary.AppendVarint(c.data, c.at)
	switch {
	case r.Unreadable != "":
		c.data = appendText(append(c.data, recordUnreadable), r.Unreadable)
	case r.Decision != nil:
		c.data = appendDecision(append(c.data, recordDecision), r.Decision)
	case r.Event != nil:
		c.data = appendEvent(append(c.data, recordEvent), r.Event)
	default:
		c.data = append(c.data, recordNothing)
	}
}

func (c *chunk) checksum() int64 {
	return int64(crc32.ChecksumIEEE(c.data))
}

func appendText(data []byte, text string) []byte {
	return append(binary.AppendUvarint(data, uint64(len(text))), text...)
}

func appendTime(data []byte, t time.Time) []byte {
	return binary.AppendUvarint(binary.AppendVarint(data, t.Unix()), uint64(t.Nanosecond()))
}

// appendDecision writes what a report needs of a decision. The detail is kept with started only, where it is an event's name.
func appendDecision(data []byte, d *engine.Decision) []byte {
	detail := ""
	if d.Kind == engine.KindStarted {
		detail = d.Detail
	}
	exposure := ""
	if d.Exposure != nil {
		text, _ := json.Marshal(d.Exposure) // a struct of texts and finite numbers
		exposure = string(text)
	}
	runs := ""
	if d.Runs != nil {
		text, _ := json.Marshal(d.Runs) // structs of texts
		runs = string(text)
	}
	data = appendTime(data, d.At)
	data = binary.AppendVarint(data, int64(d.Count))
	for _, text := range []string{
		d.ID, d.Learner, d.Rule, d.Scope, string(d.Kind), string(d.Reason), d.Message, d.Run, d.Send, d.Arm, d.Channel, detail, exposure, runs,
	} {
		data = appendText(data, text)
	}
	return data
}

func appendEvent(data []byte, ev *engine.Event) []byte {
	data = appendTime(data, ev.Time)
	for _, text := range []string{ev.ID, ev.Name, ev.Learner} {
		data = appendText(data, text)
	}
	for _, name := range eventTexts {
		text, _ := ev.Text(name)
		data = appendText(data, text)
	}
	machine := byte(0)
	if is, _ := ev.Properties["machine"].(bool); is {
		machine = 1
	}
	return append(data, machine)
}

// decoder reads a chunk. After the first mistake everything it returns is zero.
type decoder struct {
	rest      string
	damaged   bool
	exposures map[string]*engine.Exposure
	names     map[string]string
}

// eachRecord calls yield with the records of a chunk, in order. What it passes is valid during the call only.
func (d *decoder) eachRecord(data string, yield func(*Record) error) error {
	d.rest = data
	var decision engine.Decision
	var event engine.Event
	for d.rest != "" {
		r := Record{Sequence: d.readUvarint()}
		r.StoredAt = time.Unix(0, d.readVarint()).UTC()
		switch d.readOctet() {
		case recordNothing:
		case recordDecision:
			d.readDecision(&decision)
			r.Decision = &decision
		case recordEvent:
			d.readEvent(&event)
			r.Event = &event
		case recordUnreadable:
			r.Unreadable = d.readText()
		default:
			d.damaged = true
		}
		if d.damaged {
			return errDamaged
		}
		if err := yield(&r); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) readUvarint() uint64 {
	var value uint64
	for shift := 0; shift < 64; shift += 7 {
		b := d.readOctet()
		value |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return value
		}
	}
	d.damaged = true
	return 0
}

func (d *decoder) readVarint() int64 {
	u := d.readUvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (d *decoder) readOctet() byte {
	if d.rest == "" {
		d.damaged = true
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) readText() string {
	n := d.readUvarint()
	if n > uint64(len(d.rest)) {
		d.damaged = true
		return ""
	}
	text := d.rest[:n]
	d.rest = d.rest[n:]
	return text
}

// readName reads a text of which there are few. Counters keep such texts, and a text of its own keeps no chunk in memory.
func (d *decoder) readName() string {
	text := d.readText()
	if known, ok := d.names[text]; ok {
		return known
	}
	if d.names == nil {
		d.names = map[string]string{}
	}
	text = strings.Clone(text)
	d.names[text] = text
	return text
}

func (d *decoder) readTime() time.Time {
	seconds := d.readVarint()
	nanoseconds := d.readUvarint()
	return time.Unix(seconds, int64(nanoseconds)).UTC()
}

func (d *decoder) readDecision(into *engine.Decision) {
	*into = engine.Decision{At: d.readTime()}
	into.Count = int(min(d.readVarint(), math.MaxInt))
	into.ID = d.readText()
	into.Learner = d.readText()
	into.Rule = d.readName()
	into.Scope = d.readText()
	into.Kind = engine.Kind(d.readName())
	into.Reason = engine.Reason(d.readName())
	into.Message = d.readName()
	into.Run = d.readText()
	into.Send = d.readText()
	into.Arm = d.readName()
	into.Channel = d.readName()
	into.Detail = d.readName()
	into.Exposure = d.readExposure(d.readText())
	into.Runs = d.readRuns(d.readText())
}

// readRuns returns the runs of a decision about several, nil for any other.
func (d *decoder) readRuns(text string) *[]engine.DecidedRun {
	if text == "" {
		return nil
	}
	var runs []engine.DecidedRun
	if json.Unmarshal([]byte(text), &runs) != nil {
		d.damaged = true
		return nil
	}
	return &runs
}

// readExposure returns what an exposure promised. There are few different ones: each is parsed once.
func (d *decoder) readExposure(text string) *engine.Exposure {
	if text == "" {
		return nil
	}
	if x, known := d.exposures[text]; known {
		return x
	}
	x := &engine.Exposure{}
	if json.Unmarshal([]byte(text), x) != nil {
		d.damaged = true
		return nil
	}
	if d.exposures == nil {
		d.exposures = map[string]*engine.Exposure{}
	}
	d.exposures[strings.Clone(text)] = x
	return x
}

func (d *decoder) readEvent(into *engine.Event) {
	*into = engine.Event{Time: d.readTime()}
	into.ID = d.readText()
	into.Name = d.readName()
	into.Learner = d.readText()
	into.Properties = make(map[string]any, 2)
	for _, name := range eventTexts {
		if text := d.readText(); text != "" {
			into.Properties[name] = text
		}
	}
	if d.readOctet() == 1 {
		into.Properties["machine"] = true
	}
}

// unreadableError is the error of a record that the stream itself holds and that cannot be counted.
func unreadableError(r *Record) error {
	return fmt.Errorf("message %d cannot be counted: %s", r.Sequence, r.Unreadable)
}
