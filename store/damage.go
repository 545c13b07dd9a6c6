package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"homeroom/delivery"
	"homeroom/internal/links"
)

// ErrDamaged says that a record is there and cannot be read: it is empty, cut, or something else. `homeroom doctor` names it.
var ErrDamaged = errors.New("the record is damaged; `homeroom doctor` says what to do")

// ErrNewer says that a record was written by a newer Homeroom, in a version that this one does not know.
var ErrNewer = errors.New("the record was written by a newer Homeroom: upgrade this process")

// isUnreadable reports whether an error says that a record is there and its content is not known.
func isUnreadable(err error) bool { return errors.Is(err, ErrDamaged) || errors.Is(err, ErrNewer) }

// recordVersion is the newest version of records that this Homeroom reads. A record names its version in the member "v"; without one it
// is version 1. A release that writes what older ones would misread raises the number.
const recordVersion = 2

// packedLinksVersion is the version of a standing whose links are packed: version 1 takes them for damage.
const packedLinksVersion = 2

// decodeRecord reads a record of JSON into v. Otherwise v is the zero value, and the error wraps [ErrDamaged] or [ErrNewer]. JSON
// that is no record of that kind is damaged too: json.Unmarshal would make an empty record of it, which says that nobody
// unsubscribed and that nothing is paused.
func decodeRecord(data []byte, v any) error {
	err := checkVersion(data)
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err == nil {
		err = checkRecord(data, v)
	}
	if err == nil {
		return nil
	}
	reflect.ValueOf(v).Elem().SetZero()
	if errors.Is(err, ErrNewer) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// checkVersion returns an error unless the data is a JSON object of a known version.
func checkVersion(data []byte) error {
	if !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return errors.New("it is no JSON object")
	}
	if !bytes.Contains(data, []byte(`"v"`)) {
		return nil
	}
	var record struct {
		V json.Number `json:"v"`
	}
	if err := json.Unmarshal(data, &record); err != nil {
		return err
	}
	if n, err := record.V.Int64(); record.V != "" && (err != nil || n > recordVersion) {
		return fmt.Errorf("%w (version %s of the record; this Homeroom reads up to %d)", ErrNewer, record.V, recordVersion)
	}
	return nil
}

// checkRecord returns an error if a record lacks what every record of its kind has.
func checkRecord(data []byte, v any) error {
	lacks := ""
	switch r := v.(type) {
	case *Pause:
		lacks = lacksMember(data, "paused")
	case *standingRecord:
		lacks = lacksMember(data, "standing")
	case *Tombstone:
		lacks = lacksIf(r.At.IsZero(), "at")
	case *Pointer:
		lacks = lacksIf(!hexHash.MatchString(r.Hash), "hash")
	case *Proposal:
		lacks = lacksIf(!hexHash.MatchString(r.Hash), "hash")
	case *Instance:
		lacks = lacksIf(r.Name == "", "instance")
	case *usedSecrets:
		lacks = lacksMember(data, "used")
	case *retiredRecord:
		lacks = lacksIf(r.State.Version == 0, "state.version")
	case *delivery.Entry:
		lacks = lacksIf(r.Phase == delivery.PhaseNone, "phase")
	case *links.Shared:
		lacks = lacksIf(r.Send == "", "send")
	case *links.Referred:
		lacks = lacksIf(r.Learner == "", "learner")
	case *pathRecord:
		lacks = lacksIf(lacksMember(data, "table") != "" || !r.Table.Check(), "counts that are possible")
	case *weightsRecord:
		lacks = lacksIf(!r.check(), "weights that are possible")
	default: // a profile, a suppression: something is said in each
		lacks = lacksIf(reflect.ValueOf(v).Elem().IsZero(), "everything")
	}
	if lacks != "" {
		return fmt.Errorf("it has no %s", lacks)
	}
	return nil
}

func lacksMember(data []byte, name string) string {
	return lacksIf(!bytes.Contains(data, []byte(`"`+name+`"`)), name)
}

func lacksIf(missing bool, name string) string {
	if missing {
		return name
	}
	return ""
}
