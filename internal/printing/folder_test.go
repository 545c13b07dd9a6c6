package printing_test

import (
	"strings"
	"testing"

	"homeroom/admin"
	"homeroom/internal/printing"
)

// TestTextsLeaveResultsAlone: the same result is printed as JSON.
func TestTextsLeaveResultsAlone(t *testing.T) {
	messages := []admin.MessageInfo{{Name: "welcome", Locales: []string{"", "de"}}}
	if text := printing.MessagesText(messages); !strings.Contains(text, "default, de") {
		t.Errorf("the text is %q", text)
	}
	if messages[0].Locales[0] != "" {
		t.Errorf("the locales are %q afterwards", messages[0].Locales)
	}
}
