package catalog

import (
	"bytes"
	"slices"

	"homeroom/internal/spelling"
)

// bom is the byte order mark with which some programs begin a file in UTF-8.
var bom = []byte("\xef\xbb\xbf")

// trimBOM returns a body without a byte order mark at its beginning.
func trimBOM(body []byte) []byte { return bytes.TrimPrefix(body, bom) }

// otherNames are what publishers call the optional fields of a body in other systems, folded as [spelling.Fold] does. A field under another
// name would be passed over: an event of a year ago would count as one of now, or lose what it says.
var otherNames = map[string][]string{
	"time": {"timestamp", "time", "originaltimestamp", "occurredat", "occurredon", "happenedat", "eventtime", "eventtimestamp", "eventdate", "createdat", "datetime",
		"date", "ts"},
	"properties": {"properties", "property", "props", "eventproperties"},
	"traits":     {"traits", "trait", "usertraits", "usertrait"},
}

// refuseOtherName refuses a body that lacks a field and has one under another name. field is ours (time, properties, traits), and called what this format
// calls it.
func refuseOtherName(body envelope, field, called, code string) *DecodeError {
	if body[called] != nil {
		return nil
	}
	others := otherNames[field]
	misnamed := "" // the first by the alphabet
	for name, value := range body {
		if name == called || value == nil || len(name) > maxFolded || misnamed != "" && misnamed < name {
			continue
		}
		if slices.Contains(others, spelling.Fold(name)) {
			misnamed = name
		}
	}
	if misnamed == "" {
		return nil
	}
	return newRefusal(code, "call it "+called, "the body has %s and no %s", cutShort(misnamed), called)
}
