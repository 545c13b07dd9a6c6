package backtest

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// outcomes say of each shape of each message whether its sample could be rendered.
type outcomes map[messageKey]map[uint64]outcome

// outcome is what came of rendering the sample of a shape.
type outcome struct {
	order  uint64 // of the sample, as in shape
	count  int    // messages of the shape
	failed *failure
}

// failure is why a sample could not be rendered, and whose it is.
type failure struct {
	Locale  string `json:"locale,omitempty"`
	Learner string `json:"learner"`
	// Problem is the index of problem among the problems of the message, when it is encoded.
	Problem int `json:"problem"`
	problem string
}

// merge adds the outcomes of other learners. Of a shape that both have, the sample that a backtest of all of them would have rendered counts.
func (o outcomes) merge(others outcomes) {
	//workflowcheck:ignore Each message is merged by itself.
	for key, theirs := range others {
		mine := o[key]
		if mine == nil {
			mine = map[uint64]outcome{}
			o[key] = mine
		}
		//workflowcheck:ignore Each shape is merged by itself.
		for hash, one := range theirs {
			known, isKnown := mine[hash]
			if isKnown {
				one.count += known.count
			}
			if isKnown && known.order <= one.order {
				one.order = known.order
				one.failed = known.failed
			}
			mine[hash] = one
		}
		dropHighest(mine)
	}
}

// listUnrendered returns how many samples were rendered, and those that failed, sorted.
func (o outcomes) listUnrendered(side string) (rendered int, failed []Unrendered) {
	//workflowcheck:ignore What is found is sorted.
	for key, known := range o {
		rendered += len(known)
		//workflowcheck:ignore What is found is sorted.
		for _, one := range known {
			if one.failed == nil {
				continue
			}
			failed = append(failed, Unrendered{
				Side:     side,
				Rule:     key.rule,
				Message:  key.message,
				Locale:   one.failed.Locale,
				Problem:  one.failed.problem,
				Messages: one.count,
				Learner:  one.failed.Learner,
			})
		}
	}
	slices.SortFunc(failed, func(a, b Unrendered) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Locale, b.Locale), cmp.Compare(a.Problem, b.Problem), cmp.Compare(a.Learner, b.Learner))
	})
	return rendered, joinUnrendered(failed)
}

// joinUnrendered makes one of the equal problems that follow one another.
func joinUnrendered(sorted []Unrendered) []Unrendered {
	var joined []Unrendered
	for _, u := range sorted {
		if n := len(joined); n > 0 {
			last := &joined[n-1]
			if last.Rule == u.Rule && last.Message == u.Message && last.Locale == u.Locale && last.Problem == u.Problem {
				last.Messages += u.Messages
				continue
			}
		}
		joined = append(joined, u)
	}
	return joined
}

// messageOutcomes are the outcomes of one message as they are encoded. Most shapes could be rendered, and there are many, so they are packed: of each, by
// hash, eight bytes of the hash, eight of the order, the number of messages, and 0 or the place of the failure among Failed, from 1.
type messageOutcomes struct {
	Rule     string    `json:"rule"`
	Message  string    `json:"message"`
	Shapes   []byte    `json:"shapes"`
	Failed   []failure `json:"failed,omitempty"`
	Problems []string  `json:"problems,omitempty"`
}

// MarshalJSON implements [json.Marshaler].
func (o outcomes) MarshalJSON() ([]byte, error) {
	list := []messageOutcomes{}
	for key, known := range o {
		list = append(list, packOutcomes(key, known))
	}
	slices.SortFunc(list, func(a, b messageOutcomes) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	return json.Marshal(list)
}

func packOutcomes(key messageKey, known map[uint64]outcome) messageOutcomes {
	m := messageOutcomes{Rule: key.rule, Message: key.message}
	for _, hash := range slices.Sorted(maps.Keys(known)) {
		one := known[hash]
		m.Shapes = binary.BigEndian.AppendUint64(m.Shapes, hash)
		m.Shapes = binary.BigEndian.AppendUint64(m.Shapes, one.order)
		m.Shapes = binary.AppendUvarint(m.Shapes, uint64(one.count))
		if one.failed == nil {
			m.Shapes = binary.AppendUvarint(m.Shapes, 0)
			continue
		}
		f := *one.failed
		if f.Problem = slices.Index(m.Problems, f.problem); f.Problem < 0 {
			f.Problem = len(m.Problems)
			m.Problems = append(m.Problems, f.problem)
		}
		m.Failed = append(m.Failed, f)
		m.Shapes = binary.AppendUvarint(m.Shapes, uint64(len(m.Failed)))
	}
	return m
}

// errBadOutcomes says that encoded outcomes are none.
var errBadOutcomes = errors.New("what was rendered is not encoded as it should be")

// UnmarshalJSON implements [json.Unmarshaler].
func (o *outcomes) UnmarshalJSON(data []byte) error {
	var list []messageOutcomes
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*o = outcomes{}
	for i := range list {
		known, err := list[i].unpack()
		if err != nil {
			return err
		}
		(*o)[messageKey{rule: list[i].Rule, message: list[i].Message}] = known
	}
	return nil
}

func (m *messageOutcomes) unpack() (map[uint64]outcome, error) {
	known := map[uint64]outcome{}
	for rest := m.Shapes; len(rest) > 0; {
		if len(rest) < 16 {
			return nil, errBadOutcomes
		}
		hash := binary.BigEndian.Uint64(rest)
		one := outcome{order: binary.BigEndian.Uint64(rest[8:])}
		rest = rest[16:]
		count, n := binary.Uvarint(rest)
		if n <= 0 {
			return nil, errBadOutcomes
		}
		one.count = int(count)
		rest = rest[n:]
		place, n := binary.Uvarint(rest)
		if n <= 0 || place > uint64(len(m.Failed)) {
			return nil, errBadOutcomes
		}
		rest = rest[n:]
		if place > 0 {
			f := m.Failed[place-1]
			if f.Problem < 0 || f.Problem >= len(m.Problems) {
				return nil, errBadOutcomes
			}
			f.problem = m.Problems[f.Problem]
			one.failed = &f
		}
		known[hash] = one
	}
	return known, nil
}

// hourCounts are messages by hour, since 1970. They are encoded as one list: of each hour with messages, by time, how long after the one before it is, and how
// many messages.
type hourCounts map[int64]int

// MarshalJSON implements [json.Marshaler].
func (h hourCounts) MarshalJSON() ([]byte, error) {
	list := make([]int64, 0, 2*len(h))
	before := int64(0)
	for _, hour := range slices.Sorted(maps.Keys(h)) {
		list = append(list, hour-before, int64(h[hour]))
		before = hour
	}
	return json.Marshal(list)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (h *hourCounts) UnmarshalJSON(data []byte) error {
	var list []int64
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*h = hourCounts{}
	hour := int64(0)
	for ; len(list) >= 2; list = list[2:] {
		hour += list[0]
		(*h)[hour] = int(list[1])
	}
	return nil
}
