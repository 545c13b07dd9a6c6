package librarytest_test

import (
	"net/http"
	"testing"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/segmentio/analytics-go/v3"
)

// TestSegmentForGo: Segment's library, with nothing but the address and the key changed.
func TestSegmentForGo(t *testing.T) {
	w := open(t)
	client, err := analytics.NewWithConfig(w.key, analytics.Config{Endpoint: w.url, BatchSize: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range []analytics.Message{
		analytics.Track{UserId: "u_42", Event: "Lesson Completed", Properties: analytics.NewProperties().Set("lesson_id", "l1")},
		analytics.Identify{UserId: "u_42", Traits: analytics.NewTraits().SetEmail("ada@example.org").SetFirstName("Ada")},
		analytics.Page{UserId: "u_42", Name: "Home"},
	} {
		if err := client.Enqueue(call); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.Close(); err != nil { // which sends what is left
		t.Fatal(err)
	}
	events, traits := w.events()
	w.expectLesson(events)
	if len(events) != 2 || events[1].Name != "profile.updated" || traits[1]["email"] != "ada@example.org" || traits[1]["first_name"] != "Ada" {
		t.Errorf("stored %+v with %v", events, traits)
	}
}

// TestCloudEventsForGo: the SDK's client, in both modes; what it takes for delivered is stored.
func TestCloudEventsForGo(t *testing.T) {
	for name, mode := range map[string]func(*testing.T, *world) cloudevents.Result{
		"binary":     func(t *testing.T, w *world) cloudevents.Result { return sendCloudEvent(t, w, false) },
		"structured": func(t *testing.T, w *world) cloudevents.Result { return sendCloudEvent(t, w, true) },
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			if result := mode(t, w); cloudevents.IsUndelivered(result) || !cloudevents.IsACK(result) {
				t.Fatalf("the SDK says %v", result)
			}
			events, _ := w.events()
			w.expectLesson(events)
		})
	}
}

func sendCloudEvent(t *testing.T, w *world, structured bool) cloudevents.Result {
	client, err := cloudevents.NewClientHTTP(
		cehttp.WithTarget(w.url+"/v1/events"),
		cehttp.WithHeader("Authorization", "Bearer "+w.key),
		cehttp.WithClient(http.Client{}),
	)
	if err != nil {
		t.Fatal(err)
	}
	event := cloudevents.NewEvent()
	event.SetID("e1")
	event.SetSource("/lms")
	event.SetType("org.example.lesson.completed")
	event.SetSubject("u_42")
	if err := event.SetData(cloudevents.ApplicationJSON, map[string]string{"lesson_id": "l1"}); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if structured {
		ctx = cloudevents.WithEncodingStructured(ctx)
	}
	return client.Send(ctx, event)
}
