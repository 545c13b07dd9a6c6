package content

// riskReasonWords returns the sentences that say to a learner what speaks most for their risk in a course, in a language of the frame's words. They
// name no figures: a learner need not know how closely anybody counts.
func riskReasonWords(lang string) map[string]string {
	switch lang {
	case "de":
		return map[string]string{
			"silent":      "Ihr letzter Besuch ist eine Weile her.",
			"few_days":    "In letzter Zeit haben Sie an wenigen Tagen gelernt.",
			"little_done": "In letzter Zeit haben Sie wenig bearbeitet.",
		}
	case "fr":
		return map[string]string{
			"silent":      "Votre dernière visite remonte à un moment.",
			"few_days":    "Ces derniers temps, vous avez étudié peu de jours.",
			"little_done": "Ces derniers temps, vous avez peu avancé.",
		}
	case "es":
		return map[string]string{
			"silent":      "Ha pasado un tiempo desde su última visita.",
			"few_days":    "Últimamente ha estudiado pocos días.",
			"little_done": "Últimamente ha avanzado poco.",
		}
	case "it":
		return map[string]string{
			"silent":      "È passato un po’ di tempo dalla sua ultima visita.",
			"few_days":    "Ultimamente ha studiato in pochi giorni.",
			"little_done": "Ultimamente ha fatto pochi progressi.",
		}
	case "ar":
		return map[string]string{
			"silent":      "مضى وقت على زيارتك الأخيرة.",
			"few_days":    "كانت أيام الدراسة قليلة مؤخرا.",
			"little_done": "كان التقدم قليلا مؤخرا.",
		}
	case "he":
		return map[string]string{
			"silent":      "עבר זמן מאז הביקור האחרון שלך.",
			"few_days":    "בזמן האחרון היו מעט ימי לימוד.",
			"little_done": "בזמן האחרון ההתקדמות הייתה מועטה.",
		}
	case "fa":
		return map[string]string{
			"silent":      "از آخرین بازدید شما مدتی گذشته است.",
			"few_days":    "این اواخر روزهای کمی درس خوانده\u200cاید.",
			"little_done": "این اواخر کار کمی انجام داده\u200cاید.",
		}
	case "ur":
		return map[string]string{
			"silent":      "آپ کو آئے ہوئے کچھ وقت گزر گیا ہے۔",
			"few_days":    "حال ہی میں آپ نے کم دن پڑھا ہے۔",
			"little_done": "حال ہی میں آپ نے کم کام کیا ہے۔",
		}
	}
	return map[string]string{
		"silent":      "Your last visit was a while ago.",
		"few_days":    "You have studied on few days of late.",
		"little_done": "You have done little of late.",
	}
}
