package rules_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"homeroom/engine"
	"homeroom/rules"
)

// Caps name the channels that the engine knows, and no other.
func TestTheSchemaOfCapsKnowsTheChannels(t *testing.T) {
	raw, err := rules.Schema("settings")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties struct {
			Caps struct {
				Items struct {
					Properties struct {
						Channel struct {
							Enum []string `json:"enum"`
						} `json:"channel"`
					} `json:"properties"`
				} `json:"items"`
			} `json:"caps"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	if got, want := schema.Properties.Caps.Items.Properties.Channel.Enum, engine.ChannelNames(); !slices.Equal(got, want) {
		t.Errorf("the schema of caps offers %v, want %v", got, want)
	}
}

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
	type names struct {
		Enum []string `json:"enum"`
	}
	var channel struct {
		AnyOf []struct {
			names
			Items names `json:"items"`
		} `json:"anyOf"`
		Default string `json:"default"`
	}
	if err := json.NewDecoder(strings.NewReader(text[i+len(`"channel":`):])).Decode(&channel); err != nil {
		t.Fatal(err)
	}
	want := engine.ChannelNames()
	if len(channel.AnyOf) != 2 || !slices.Equal(channel.AnyOf[0].Enum, want) || !slices.Equal(channel.AnyOf[1].Items.Enum, want) || channel.Default != want[0] {
		t.Errorf("the schema offers %v with the default %q, want %v", channel.AnyOf, channel.Default, want)
	}
}
