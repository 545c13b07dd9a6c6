package rules_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"homeroom/engine"
	"homeroom/rules"
)

// The schema that editors use offers the channels that the engine knows, and no other.
func TestTheSchemaKnowsTheChannels(t *testing.T) {
	schema, err := rules.Schema("rule")
	if err != nil {
		t.Fatal(err)
	}
	text := string(schema)
	i := strings.Index(text, `"channel"`)
	if i < 0 {
		t.Fatal("the schema of a rule says nothing of channels")
	}
	var channel struct {
		Enum    []string `json:"enum"`
		Default string   `json:"default"`
	}
	if err := json.NewDecoder(strings.NewReader(text[i+len(`"channel":`):])).Decode(&channel); err != nil {
		t.Fatal(err)
	}
	if want := engine.ChannelNames(); !slices.Equal(channel.Enum, want) || channel.Default != want[0] {
		t.Errorf("the schema offers %v with the default %q, want %v", channel.Enum, channel.Default, want)
	}
}
