package standin

import "fmt"

// sendRequest is the body of POST /v3/mail/send, with the fields that the stand-in checks. It ignores unknown fields.
type sendRequest struct {
	Personalizations []personalization          `json:"personalizations"`
	From             *Address                   `json:"from"`
	ReplyTo          *Address                   `json:"reply_to"`
	ReplyToList      []Address                  `json:"reply_to_list"`
	Subject          string                     `json:"subject"`
	Content          []content                  `json:"content"`
	Attachments      []attachment               `json:"attachments"`
	TemplateID       string                     `json:"template_id"`
	Headers          map[string]string          `json:"headers"`
	Categories       []string                   `json:"categories"`
	CustomArgs       map[string]any             `json:"custom_args"`
	SendAt           int64                      `json:"send_at"`
	MailSettings     mailSettings               `json:"mail_settings"`
	TrackingSettings map[string]trackingSetting `json:"tracking_settings"`
}

type personalization struct {
	To         []Address         `json:"to"`
	Cc         []Address         `json:"cc"`
	Bcc        []Address         `json:"bcc"`
	From       *Address          `json:"from"`
	Subject    string            `json:"subject"`
	Headers    map[string]string `json:"headers"`
	CustomArgs map[string]any    `json:"custom_args"`
	SendAt     int64             `json:"send_at"`
}

type content struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

type attachment struct {
	Content  string `json:"content"`
	Filename string `json:"filename"`
}

type mailSettings struct {
	Sandbox struct {
		Enable bool `json:"enable"`
	} `json:"sandbox_mode"`
}

type trackingSetting struct {
	Enable *bool `json:"enable"`
}

// toMessages turns a valid request into mails, one per personalization; id is the request's X-Message-Id.
func (r *sendRequest) toMessages(id string) []Message {
	out := make([]Message, 0, len(r.Personalizations))
	for i, p := range r.Personalizations {
		m := Message{
			ID:         id,
			From:       *r.From,
			ReplyTo:    r.ReplyTo,
			To:         p.To,
			Cc:         p.Cc,
			Bcc:        p.Bcc,
			Subject:    r.Subject,
			Headers:    map[string]string{},
			Categories: r.Categories,
			CustomArgs: mergedArgs(r.CustomArgs, p.CustomArgs),
			Tracking:   map[string]bool{},
		}
		if i > 0 {
			m.ID = fmt.Sprintf("%s.%d", id, i)
		}
		if m.ReplyTo == nil && len(r.ReplyToList) > 0 {
			m.ReplyTo = &r.ReplyToList[0]
		}
		if p.From != nil {
			m.From = *p.From
		}
		if p.Subject != "" {
			m.Subject = p.Subject
		}
		for _, c := range r.Content {
			switch c.Type {
			case "text/plain":
				m.Text = c.Value
			case "text/html":
				m.HTML = c.Value
			}
		}
		for _, headers := range []map[string]string{r.Headers, p.Headers} {
			for k, v := range headers {
				m.Headers[k] = v
			}
		}
		for name, t := range r.TrackingSettings {
			if t.Enable != nil {
				m.Tracking[name] = *t.Enable
			}
		}
		m.SendID = m.CustomArgs[SendArg]
		out = append(out, m)
	}
	return out
}

// mergedArgs returns the custom arguments of one recipient's webhooks: the request's, overridden by the personalization's.
func mergedArgs(request, own map[string]any) map[string]string {
	merged := make(map[string]string, len(request)+len(own))
	for _, args := range []map[string]any{request, own} {
		for k, v := range args {
			if text, ok := v.(string); ok { // anything else was refused
				merged[k] = text
			}
		}
	}
	return merged
}
