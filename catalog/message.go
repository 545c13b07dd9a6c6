package catalog

import (
	"time"

	"homeroom/subjects"
)

// Decode reads a body that has no headers, as a line of NDJSON has none. See [Catalog.DecodeMessage].
func (c *Catalog) Decode(learner, event string, body []byte, received time.Time) (Decoded, *DecodeError) {
	return c.DecodeMessage(learner, event, nil, body, received)
}

// DecodeMessage reads an event in any of the formats that publishers use:
//
//   - that of a source, if there is a header Learning-Source that names one of the academy, whatever the body looks like
//   - CloudEvents 1.0, binary, if there is a header ce-specversion: the attributes are in headers, the body is the data
//   - CloudEvents 1.0, structured, if the header Content-Type is application/cloudevents or application/cloudevents+json,
//     or the body has specversion
//   - a Segment-style call, if type says track or identify, and the body has messageId, or no id
//   - else Homeroom's native body
//
// Names of headers are read in any spelling, because NATS keeps them as written: ce-id, Ce-Id. Other headers don't count.
//
// learner and event come from the subject; the body may repeat them but must agree. Either may be "", then the body
// must name it, as a line of NDJSON does; an admin event without a learner gets "_".
//
// received is when the stream took the event in: the time of an event that names none, and MaxAhead before the latest
// it may name. The zero received is for recorded events: any time from 2000 on will do, but there must be one.
//
// Properties that are null count as absent. The properties of profile.updated become traits.
func (c *Catalog) DecodeMessage(learner, event string, header map[string][]string, body []byte, received time.Time) (Decoded, *DecodeError) {
	f, err := c.readFields(header, event, body, nil)
	if err != nil {
		return Decoded{}, err
	}
	return c.checkFields(&f, learner, event, received)
}

// CheckWithoutLearner returns why an event that was published under the learner "_" is refused: one that is about a learner, or that nobody knows. nil: it is about
// the platform, and nothing of its body is needed.
func (c *Catalog) CheckWithoutLearner(event string, header map[string][]string, body []byte, received time.Time) *DecodeError {
	if kind, known := c.Event(event); known && kind.Admin {
		return nil
	}
	_, err := c.DecodeMessage(subjects.NoLearner, event, header, body, received)
	return err
}

// DecodeInto is Decode for who reads many bodies, one after another, into the same memory: the map of d's properties is
// used again, so nobody else may hold it. After an error d is empty.
func (c *Catalog) DecodeInto(d *Decoded, learner, event string, body []byte, received time.Time) *DecodeError {
	spare := d.Event.Properties
	if len(spare) > maxSpare {
		spare = nil
	}
	*d = Decoded{}
	f, err := c.readFields(nil, event, body, spare)
	if err == nil {
		*d, err = c.checkFields(&f, learner, event, received)
	}
	return err
}

// takeTexts returns texts that nobody else uses. They are put back, with the objects that they lent, when a body has been read.
func (c *Catalog) takeTexts() *texts {
	if known, ok := c.texts.Get().(*texts); ok {
		return known
	}
	return newTexts()
}

func (c *Catalog) putTexts(t *texts) {
	t.takeBackObjects()
	c.texts.Put(t)
}

// maxSpare is how many properties a map may have to be used again. A larger one would stay large.
const maxSpare = 8

// envelope is the top level of a body. Keys are read exactly as written; of a key that comes twice the last counts, as
// everywhere in JSON; unknown ones are passed over.
type envelope map[string]any

// readFields finds the format and takes the fields out of a message. Properties may be read into spare, whatever was in it;
// nil: into a new map.
func (c *Catalog) readFields(header map[string][]string, event string, body []byte, spare map[string]any) (bodyFields, *DecodeError) {
	body = trimBOM(body)
	if c.namesSource(header) {
		return c.readForeign(nil, header, event, body)
	}
	byHeader, err := formatByHeader(header)
	if err != nil {
		return bodyFields{}, err
	}
	if byHeader != nil && c.translator == nil {
		return byHeader.readFields(c, &message{header: header, event: event, raw: body})
	}
	if byHeader != nil {
		return c.readForeign(byHeader, header, event, body)
	}
	known := c.takeTexts()
	f, ok := plainFields(body, known, spare)
	c.putTexts(known)
	if ok {
		return f, nil
	}
	if c.translator != nil {
		return c.readForeign(nil, header, event, body)
	}
	object, err := readObject(body, MaxNesting, nil)
	if err != nil {
		return bodyFields{}, err
	}
	return formatByBody(object).readFields(c, &message{header: header, event: event, raw: body, body: object})
}

// readForeign holds a body against the sources, and reads it in the format of its headers, or of its shape, if none recognizes it.
// byHeader is the format that the headers name, or nil.
func (c *Catalog) readForeign(byHeader format, header map[string][]string, event string, body []byte) (bodyFields, *DecodeError) {
	names := c.takeTexts()
	defer c.putTexts(names)
	parts, plain := plainParts(body, maxForeignNesting, c.wanted, names)
	if plain {
		f, found, problem := c.translate(header, body, parts, event)
		if found {
			return f, problem
		}
		if byHeader != nil {
			return byHeader.readFields(c, &message{header: header, event: event, raw: body})
		}
		if object, ok := plainObject(body, MaxNesting, names); ok {
			return formatByBody(object).readFields(c, &message{header: header, event: event, raw: body, body: object})
		}
	}
	object, err := readObject(body, maxForeignNesting, names)
	if err == nil && !plain {
		if f, found, problem := c.translate(header, body, object, event); found {
			return f, problem
		}
	}
	if byHeader != nil {
		return byHeader.readFields(c, &message{header: header, event: event, raw: body})
	}
	if err != nil {
		return bodyFields{}, err
	}
	if nesting := countNesting(body); nesting > MaxNesting {
		return bodyFields{}, newRefusal(CodeTooComplex, "flatten it", "the body nests objects and arrays more than %d deep", MaxNesting)
	}
	return formatByBody(object).readFields(c, &message{header: header, event: event, raw: body, body: object})
}

// maxForeignNesting is how deep a body may nest that a source reads: formats of others nest deeper than what an event needs.
const maxForeignNesting = 24

// NestsTooDeep reports whether a body nests deeper than any source reads.
func NestsTooDeep(body []byte) bool { return countNesting(body) > maxForeignNesting }
