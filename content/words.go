package content

// words are what the frame around a message says, in one language.
type words struct {
	lang        string
	why         string // %s is the sender's name
	unsubscribe string
	shareText   string // %s is the course's title
	share       map[string]string
}

// wordsFor returns the frame's words for a locale, English if there are none for it.
func wordsFor(locale string) words {
	for _, l := range fallbacks(locale) {
		if l == "de" {
			return words{
				lang: "de",
				why:  "Sie bekommen diese E-Mail, weil Sie bei %s lernen.", unsubscribe: "Abbestellen",
				shareText: "Ich habe ein Zertifikat erhalten: %s",
				share: map[string]string{
					"linkedin_profile": "Zum LinkedIn-Profil hinzufügen", "linkedin_post": "Auf LinkedIn teilen",
					"x": "Auf X teilen", "facebook": "Auf Facebook teilen", "whatsapp": "Per WhatsApp senden",
				},
			}
		}
	}
	return words{
		lang: "en",
		why:  "You get this mail because you learn with %s.", unsubscribe: "Unsubscribe",
		shareText: "I earned a certificate: %s",
		share: map[string]string{
			"linkedin_profile": "Add to LinkedIn profile", "linkedin_post": "Post on LinkedIn",
			"x": "Post on X", "facebook": "Share on Facebook", "whatsapp": "Send on WhatsApp",
		},
	}
}
