package drill

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"time"

	"homeroom/dev/process"
	"homeroom/internal/pushstandin"
	"homeroom/internal/targetstandin"
)

// channelsDrill takes a target of the channel webhook away, lets tokens of the channel push expire, and kills Homeroom meanwhile.
func channelsDrill() Drill {
	return Drill{
		Name:  "channels",
		About: "a target of messages is down for a while, apps of learners are gone, and Homeroom is killed in between: each message is done once, and a dead token is not tried again",
		setup: setup{
			outward: true,
			academy: map[string]string{
				"rules/retry-push.yaml":  channelRule("push"),
				"messages/retry-push.md": messageFor("retry-push"),
				"rules/retry-hook.yaml":  channelRule("webhook"),
				"messages/retry-hook.md": messageFor("retry-hook"),
			},
		},
		run: func(ctx context.Context, w *world) error {
			c := &channelsRun{world: w, learners: bySize(w.o.Size, 600, 24)}
			return c.runDrill(ctx)
		},
	}
}

// channelRule answers a failed quiz at once on a channel.
func channelRule(channel string) string {
	name := map[string]string{"push": "retry-push", "webhook": "retry-hook"}[channel]
	return strings.ReplaceAll(strings.ReplaceAll(retryRule, "retry", name), "send: "+name, "send: "+name+"\n    channel: "+channel)
}

// outward is what stands at the other end of the channels besides the provider of mail.
type outward struct {
	target   *targetstandin.Target
	firebase *pushstandin.Listener
	way      *proxy // to the target
	order    process.Channels
}

// startOutward starts a target behind a proxy, and a stand-in Firebase.
func (w *world) startOutward() error {
	target, err := targetstandin.New(targetstandin.Options{})
	if err != nil {
		return err
	}
	server := httptest.NewServer(target)
	w.stops = append(w.stops, server.Close)
	way, err := newProxy(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		return err
	}
	w.stops = append(w.stops, way.closeForGood)
	standin, err := pushstandin.New(pushstandin.Options{})
	if err != nil {
		return err
	}
	firebase, err := standin.Start("127.0.0.1:0")
	if err != nil {
		return err
	}
	w.stops = append(w.stops, func() { stopWithin(firebase.Stop) })
	account, err := firebase.Account()
	if err != nil {
		return err
	}
	w.outward = &outward{
		target:   target,
		firebase: firebase,
		way:      way,
		order: process.Channels{
			TargetSecrets: "chat " + targetstandin.Secret,
			TargetPrivate: []string{way.address},
			PushAccount:   account,
			PushURL:       firebase.URL(),
		},
	}
	w.files["settings.yaml"] = append(bytes.Clone(w.files["settings.yaml"]), fmt.Sprintf("targets: {chat: {url: %q}}\n", "http://"+way.address)...)
	return nil
}

// appOf is what follows the kind of app in a token, up to the learner.
const appOf = ":app-of-the-learner-"

// listMessages returns what the target and the learners' apps have. A message that an app has twice is listed twice.
func (o *outward) listMessages() ([]mail, error) {
	var all []mail
	for _, p := range o.firebase.Pushes() {
		var request struct {
			Message struct {
				Notification struct{ Title string }
			}
		}
		if err := json.Unmarshal(p.Message, &request); err != nil {
			return nil, fmt.Errorf("a message to an app cannot be read: %w", err)
		}
		_, learner, _ := strings.Cut(p.Token, appOf)
		rule, quiz, _ := strings.Cut(request.Message.Notification.Title, " ")
		all = append(all, mail{send: send{learner, rule, quiz}, id: p.SendID, at: p.At})
	}
	for _, p := range o.target.Posts() {
		var body struct {
			Data struct{ Learner, Title string }
		}
		if err := json.Unmarshal(p.Body, &body); err != nil {
			return nil, fmt.Errorf("a post to a target cannot be read: %w", err)
		}
		rule, quiz, _ := strings.Cut(body.Data.Title, " ")
		all = append(all, mail{send: send{body.Data.Learner, rule, quiz}, id: p.ID})
	}
	return all, nil
}

type channelsRun struct {
	*world
	learners int
}

func (c *channelsRun) runDrill(ctx context.Context) error {
	for k := range c.learners {
		if apps := appsOf(learnerNumber(k)); len(apps) > 0 && isOld(apps[0]) {
			c.outward.firebase.Expire(apps[0])
		}
	}
	if err := c.failQuizzes(ctx, "q1", c.disturbDeliveries); err != nil {
		return err
	}
	first, err := c.awaitSettled(ctx)
	if err != nil {
		return err
	}
	before := c.outward.firebase.Counts()
	if err := c.failQuizzes(ctx, "q2", nil); err != nil {
		return err
	}
	if _, err := c.awaitSettled(ctx); err != nil {
		return err
	}
	after := c.outward.firebase.Counts()
	// A process that died with the answer has not noted it.
	if again := after.Unregistered - before.Unregistered; again > first.Uncertain {
		c.report.addWrong("%d dead tokens were tried again, and only %d sends were uncertain", again, first.Uncertain)
	}
	posts := c.outward.target.Counts()
	c.addNote("%d posts to the target, %d of them repeats that it recognized; %d messages to apps, %d to dead tokens, %d of these at the second quiz; %d sends were uncertain after the kill",
		posts.Requests, posts.Repeats, after.Requests, after.Unregistered, after.Unregistered-before.Unregistered, first.Uncertain)
	return nil
}

// disturbDeliveries takes the target away and kills Homeroom while it is.
func (c *channelsRun) disturbDeliveries(ctx context.Context) error {
	around := bySize(c.o.Size, 3*time.Second, 500*time.Millisecond)
	if err := c.pauseFor(ctx, "under load", around); err != nil {
		return err
	}
	// Some messages are taken, and the process dies before it hears of it.
	held := bySize(c.o.Size, 10, 3)
	c.outward.firebase.Fail(pushstandin.Fault{Hold: true, Taken: true, Times: held})
	c.outward.target.Fail(targetstandin.Fault{Hold: true, Taken: true, Times: held})
	if err := c.pauseFor(ctx, "answers are held", around); err != nil {
		return err
	}
	c.outward.way.cutConnections()
	if err := c.pauseFor(ctx, "the target is down", bySize(c.o.Size, 15*time.Second, 500*time.Millisecond)); err != nil {
		return err
	}
	c.o.Progress("killing Homeroom")
	c.killHomeroom()
	if err := c.startHomeroom(ctx, process.Order{}); err != nil {
		return err
	}
	if err := c.pauseFor(ctx, "the target is still down", around); err != nil {
		return err
	}
	c.outward.firebase.ClearFaults()
	c.outward.firebase.Release()
	c.outward.target.Release()
	return c.outward.way.listenAgain()
}

// failQuizzes publishes a failed quiz of every learner.
func (c *channelsRun) failQuizzes(ctx context.Context, quiz string, meanwhile func(context.Context) error) error {
	var events []*event
	for k := range c.learners {
		p := person{id: learnerNumber(k), apps: appsOf(learnerNumber(k))}
		want := map[string]ending{"retry": endingMail, "retry-hook": endingMail, "retry-push": endingNone}
		if len(p.apps) > 0 && !isOld(p.apps[len(p.apps)-1]) {
			want["retry-push"] = endingMail
		}
		e, err := c.failedQuiz(p, quiz, want)
		if err != nil {
			return err
		}
		events = append(events, e)
	}
	err := c.publishUnderLoad(ctx, events, bySize(c.o.Size, 30, 40), meanwhile)
	if err != nil {
		return fmt.Errorf("quiz %s: %w", quiz, errors.Join(err, ctx.Err()))
	}
	return nil
}

func learnerNumber(k int) string { return fmt.Sprintf("u%05d", k) }

func isOld(token string) bool { return strings.HasPrefix(token, "old") }

// appsOf are the tokens of a learner's apps: of four learners one has a dead one, one a dead one and one that answers, one only that, and one has none.
func appsOf(learner string) []string {
	old := "old" + appOf + learner
	phone := "phone" + appOf + learner
	switch learner[len(learner)-1] % 4 {
	case 0:
		return []string{old}
	case 1:
		return []string{old, phone}
	case 2:
		return []string{phone}
	default:
		return nil
	}
}
