package content

// words are what the frame around a message says, in one language.
type words struct {
	lang        string
	why         string // %s is the sender's name
	unsubscribe string
	preferences string
	shareText   string // %s is the course's title
	share       map[string]string
}

// wordsFor returns the frame's words for a locale, English if there are none for it.
func wordsFor(locale string) words {
	for _, l := range localeFallbacks(locale) {
		switch l {
		case "de":
			return words{
				lang:        "de",
				why:         "Sie bekommen diese E-Mail, weil Sie bei %s lernen.",
				unsubscribe: "Abbestellen",
				preferences: "Einstellungen",
				shareText:   "Ich habe ein Zertifikat erhalten: %s",
				share: map[string]string{
					"linkedin_profile": "Zum LinkedIn-Profil hinzufügen", "linkedin_post": "Auf LinkedIn teilen",
					"x": "Auf X teilen", "facebook": "Auf Facebook teilen", "whatsapp": "Per WhatsApp senden",
				},
			}
		case "fr":
			return words{
				lang:        "fr",
				why:         "Vous recevez cet e-mail parce que vous apprenez avec %s.",
				unsubscribe: "Se désabonner",
				preferences: "Préférences",
				shareText:   "J’ai obtenu un certificat : %s",
				share: map[string]string{
					"linkedin_profile": "Ajouter au profil LinkedIn", "linkedin_post": "Publier sur LinkedIn",
					"x": "Publier sur X", "facebook": "Partager sur Facebook", "whatsapp": "Envoyer par WhatsApp",
				},
			}
		case "es":
			return words{
				lang:        "es",
				why:         "Recibe este correo porque aprende con %s.",
				unsubscribe: "Darse de baja",
				preferences: "Preferencias",
				shareText:   "He obtenido un certificado: %s",
				share: map[string]string{
					"linkedin_profile": "Añadir al perfil de LinkedIn", "linkedin_post": "Publicar en LinkedIn",
					"x": "Publicar en X", "facebook": "Compartir en Facebook", "whatsapp": "Enviar por WhatsApp",
				},
			}
		}
	}
	return words{
		lang:        "en",
		why:         "You get this mail because you learn with %s.",
		unsubscribe: "Unsubscribe",
		preferences: "Preferences",
		shareText:   "I earned a certificate: %s",
		share: map[string]string{
			"linkedin_profile": "Add to LinkedIn profile", "linkedin_post": "Post on LinkedIn",
			"x": "Post on X", "facebook": "Share on Facebook", "whatsapp": "Send on WhatsApp",
		},
	}
}
