package readmodel

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"hash/fnv"
	"math"
	"time"

	"homeroom/engine"
	"homeroom/report"
)

// Record is one message of a stream. At most one of Decision, Event and Unreadable is set; none is set if the message counts nothing.
type Record struct {
	Sequence   uint64 // greater than that of the record before
	StoredAt   time.Time
	Decision   *engine.Decision
	Event      *engine.Event
	Unreadable string // why the message cannot be counted; whoever counts it gets this as an error
}

// bucket returns the bucket of the learner by whom a record is counted; −1: it counts nothing.
func (r *Record) bucket() int {
	owner := ""
	switch {
	case r.Unreadable != "":
		return -1
	case r.Decision != nil:
		owner = r.Decision.Learner
	case r.Event != nil:
		owner = report.Owner(r.Event)
	default:
		return -1
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(owner))
	return int(h.Sum32() % bucketCount)
}

// What a record is, in the file.
const (
	recordDecision byte = iota
	recordEvent
)

// errDamaged is what is returned of a row that cannot be read.
var errDamaged = errors.New("the read model is damaged")

// piece is a row of records of one bucket.
type piece struct {
	id       int64
	checksum int64
	data     string
}

// checkSum reports a piece that is not as it was written.
func (p *piece) checkSum() error {
	if int64(crc32.ChecksumIEEE([]byte(p.data))) != p.checksum {
		return errDamaged
	}
	return nil
}

// recordsFrom returns what a piece holds from a sequence on.
func (p *piece) recordsFrom(first uint64, names []string) (string, error) {
	if err := p.checkSum(); err != nil {
		return "", err
	}
	d := decoder{
		rest:  p.data,
		names: names,
	}
	for d.rest != "" {
		before := d.rest
		sequence, _, _ := d.readRecord()
		if d.damaged {
			return "", errDamaged
		}
		if sequence >= first {
			return before, nil
		}
	}
	return "", nil
}

// hashText stands for an id: reports ask only whether two are the same. Nothing stands for nothing.
func hashText(id string) string {
	if id == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(id))
	return string(sum[:8])
}

// encoder writes records that count something.
type encoder struct {
	data  []byte
	names *names
}

func (e *encoder) appendUvarint(n uint64) { e.data = binary.AppendUvarint(e.data, n) }

func (e *encoder) appendText(text string) {
	e.data = append(binary.AppendUvarint(e.data, uint64(len(text))), text...)
}

func (e *encoder) appendName(text string) { e.appendUvarint(e.names.index(text)) }

func (e *encoder) appendTime(t time.Time) { e.data = binary.AppendVarint(e.data, t.UnixMilli()) }

// appendRecord writes a record. A decision about several runs becomes several with one sequence.
func (e *encoder) appendRecord(r *Record) {
	if r.Decision == nil {
		e.appendUvarint(r.Sequence)
		e.appendEvent(r.Event)
		return
	}
	for d := range r.Decision.PerRun() {
		e.appendUvarint(r.Sequence)
		e.appendDecision(d)
	}
}

// appendDecision writes what a report needs of a decision.
func (e *encoder) appendDecision(d *engine.Decision) {
	e.data = append(e.data, recordDecision)
	e.appendTime(d.At)
	e.appendUvarint(uint64(d.Times()))
	for _, id := range []string{d.Learner, d.Run, d.Send, d.ID} {
		e.appendText(hashText(id))
	}
	e.appendText(d.Scope)
	detail := ""
	if d.Kind == engine.KindStarted { // an event's name
		detail = d.Detail
	}
	exposure := ""
	if d.Exposure != nil {
		text, _ := json.Marshal(d.Exposure) // a struct of texts and finite numbers
		exposure = string(text)
	}
	for _, name := range []string{d.Rule, string(d.Kind), string(d.Reason), d.Message, d.Arm, d.Channel, detail, exposure} {
		e.appendName(name)
	}
}

// The properties that are kept of an event, besides machine.
var (
	eventIDs   = [...]string{"send_id", "referrer_id", "referred_id"}
	eventTexts = [...]string{"certificate_id", "course_id"}
)

func (e *encoder) appendEvent(ev *engine.Event) {
	e.data = append(e.data, recordEvent)
	e.appendTime(ev.Time)
	e.appendName(ev.Name)
	e.appendText(hashText(ev.Learner))
	e.appendText(hashText(ev.ID))
	for _, key := range eventIDs {
		text, _ := ev.Text(key)
		e.appendText(hashText(text))
	}
	for _, key := range eventTexts {
		text, _ := ev.Text(key)
		e.appendText(text)
	}
	machine, _ := ev.Properties["machine"].(bool)
	if machine {
		e.data = append(e.data, 1)
	} else {
		e.data = append(e.data, 0)
	}
}

// decoder reads what was written. After the first mistake everything it returns is zero.
type decoder struct {
	rest      string
	damaged   bool
	names     []string
	exposures map[string]*engine.Exposure
	decided   engine.Decision
	happened  engine.Event
}

// readRecord reads a record, which is a decision or an event. It is valid until the next.
func (d *decoder) readRecord() (sequence uint64, decision *engine.Decision, event *engine.Event) {
	sequence = d.readUvarint()
	switch d.readOctet() {
	case recordDecision:
		d.readDecision(&d.decided)
		return sequence, &d.decided, nil
	case recordEvent:
		d.readEvent(&d.happened)
		return sequence, nil, &d.happened
	}
	d.damaged = true
	return sequence, nil, nil
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

// readName reads a text of which there are few.
func (d *decoder) readName() string {
	i := d.readUvarint()
	if i >= uint64(len(d.names)) {
		d.damaged = true
		return ""
	}
	return d.names[i]
}

func (d *decoder) readTime() time.Time { return time.UnixMilli(d.readVarint()).UTC() }

func (d *decoder) readDecision(into *engine.Decision) {
	*into = engine.Decision{At: d.readTime()}
	into.Count = int(min(d.readUvarint(), math.MaxInt32))
	into.Learner = d.readText()
	into.Run = d.readText()
	into.Send = d.readText()
	into.ID = d.readText()
	into.Scope = d.readText()
	into.Rule = d.readName()
	into.Kind = engine.Kind(d.readName())
	into.Reason = engine.Reason(d.readName())
	into.Message = d.readName()
	into.Arm = d.readName()
	into.Channel = d.readName()
	into.Detail = d.readName()
	into.Exposure = d.readExposure(d.readName())
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
	d.exposures[text] = x
	return x
}

func (d *decoder) readEvent(into *engine.Event) {
	*into = engine.Event{
		Time: d.readTime(),
		Name: d.readName(),
	}
	into.Learner = d.readText()
	into.ID = d.readText()
	into.Properties = make(map[string]any, 2)
	for _, key := range eventIDs {
		d.readProperty(into, key)
	}
	for _, key := range eventTexts {
		d.readProperty(into, key)
	}
	if d.readOctet() == 1 {
		into.Properties["machine"] = true
	}
}

func (d *decoder) readProperty(into *engine.Event, key string) {
	if text := d.readText(); text != "" {
		into.Properties[key] = text
	}
}
