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
		case "it":
			return words{
				lang:        "it",
				why:         "Riceve questa e-mail perché studia con %s.",
				unsubscribe: "Annulla l’iscrizione",
				preferences: "Preferenze",
				shareText:   "Ho ottenuto un certificato: %s",
				share: map[string]string{
					"linkedin_profile": "Aggiungi al profilo LinkedIn",
					"linkedin_post":    "Pubblica su LinkedIn",
					"x":                "Pubblica su X",
					"facebook":         "Condividi su Facebook",
					"whatsapp":         "Invia con WhatsApp",
				},
			}
		case "ar":
			return words{
				lang:        "ar",
				why:         "تصلك هذه الرسالة لأنك تتعلم مع %s.",
				unsubscribe: "إلغاء الاشتراك",
				preferences: "التفضيلات",
				shareText:   "حصلت على شهادة: %s",
				share: map[string]string{
					"linkedin_profile": "إضافة إلى الملف الشخصي في LinkedIn",
					"linkedin_post":    "النشر على LinkedIn",
					"x":                "النشر على X",
					"facebook":         "المشاركة على Facebook",
					"whatsapp":         "الإرسال عبر WhatsApp",
				},
			}
		case "he":
			return words{
				lang:        "he",
				why:         "ההודעה הזו נשלחה אליך כי יש לך לימודים אצל %s.",
				unsubscribe: "ביטול הרישום",
				preferences: "העדפות",
				shareText:   "קיבלתי תעודה: %s",
				share: map[string]string{
					"linkedin_profile": "הוספה לפרופיל ב־LinkedIn",
					"linkedin_post":    "פרסום ב־LinkedIn",
					"x":                "פרסום ב־X",
					"facebook":         "שיתוף ב־Facebook",
					"whatsapp":         "שליחה ב־WhatsApp",
				},
			}
		case "fa":
			return words{
				lang:        "fa",
				why:         "این ایمیل را دریافت می\u200cکنید چون با %s می\u200cآموزید.",
				unsubscribe: "لغو اشتراک",
				preferences: "تنظیمات",
				shareText:   "گواهی\u200cنامه\u200cای گرفتم: %s",
				share: map[string]string{
					"linkedin_profile": "افزودن به نمایهٔ LinkedIn",
					"linkedin_post":    "انتشار در LinkedIn",
					"x":                "انتشار در X",
					"facebook":         "هم\u200cرسانی در Facebook",
					"whatsapp":         "فرستادن با WhatsApp",
				},
			}
		case "ur":
			return words{
				lang:        "ur",
				why:         "آپ کو یہ ای میل اس لیے ملی ہے کہ آپ %s کے ساتھ سیکھتے ہیں۔",
				unsubscribe: "ان سبسکرائب کریں",
				preferences: "ترجیحات",
				shareText:   "مجھے ایک سند ملی: %s",
				share: map[string]string{
					"linkedin_profile": "LinkedIn پروفائل میں شامل کریں",
					"linkedin_post":    "LinkedIn پر پوسٹ کریں",
					"x":                "X پر پوسٹ کریں",
					"facebook":         "Facebook پر شیئر کریں",
					"whatsapp":         "WhatsApp پر بھیجیں",
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
