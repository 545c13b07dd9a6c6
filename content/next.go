package content

import "strings"

// Next is what a learner may do next, as messages see it. Empty fields are undefined.
type Next struct {
	ID     string
	Title  string
	URL    string
	Reason string // followed, popular, asked_for or in_order
}

// bindNext adds what comes next to the fields of a learner or a course: under a name, and why under the name with _reason, in words. n may be nil.
func (n *Next) bindNext(fields map[string]any, name string, w words) {
	if n == nil {
		return
	}
	fields[name] = printableFields(map[string]string{"id": n.ID, "title": n.Title, "url": n.URL})
	if why := nextReasonWords(w.lang)[n.Reason]; strings.TrimSpace(why) != "" {
		fields[name+"_reason"] = why
	}
}

// nextReasonWords returns the sentences that say why something comes next, in a language of the frame's words.
func nextReasonWords(lang string) map[string]string {
	switch lang {
	case "de":
		return map[string]string{
			"followed":  "Die meisten haben von dort aus hiermit weitergemacht.",
			"popular":   "Das belegen die meisten.",
			"asked_for": "Es passt zu dem, was Sie lernen möchten.",
			"in_order":  "Das kommt als Nächstes.",
		}
	case "fr":
		return map[string]string{
			"followed":  "C’est ainsi que la plupart ont continué à partir de là.",
			"popular":   "C’est ce que la plupart choisissent.",
			"asked_for": "Cela correspond à ce que vous souhaitez apprendre.",
			"in_order":  "C’est la suite.",
		}
	case "es":
		return map[string]string{
			"followed":  "Así siguió la mayoría desde ahí.",
			"popular":   "Es lo que elige la mayoría.",
			"asked_for": "Encaja con lo que quiere aprender.",
			"in_order":  "Es lo siguiente.",
		}
	case "it":
		return map[string]string{
			"followed":  "La maggior parte ha proseguito così da lì.",
			"popular":   "È ciò che sceglie la maggior parte.",
			"asked_for": "Corrisponde a ciò che desidera imparare.",
			"in_order":  "È il passo successivo.",
		}
	case "ar":
		return map[string]string{
			"followed":  "هكذا تابع معظم المتعلمين من هناك.",
			"popular":   "هذا ما يختاره معظم المتعلمين.",
			"asked_for": "يناسب ما قلت إنك تريد تعلمه.",
			"in_order":  "هذه هي الخطوة التالية.",
		}
	case "he":
		return map[string]string{
			"followed":  "כך המשיכו משם רוב הלומדים.",
			"popular":   "זה מה שרוב הלומדים בוחרים.",
			"asked_for": "זה מתאים למה שאמרת שברצונך ללמוד.",
			"in_order":  "זה השלב הבא.",
		}
	case "fa":
		return map[string]string{
			"followed":  "بیشتر فراگیران از آنجا همین را ادامه دادند.",
			"popular":   "بیشتر فراگیران همین را انتخاب می\u200cکنند.",
			"asked_for": "با آنچه می\u200cخواهید بیاموزید هم\u200cخوان است.",
			"in_order":  "این گام بعدی است.",
		}
	case "ur":
		return map[string]string{
			"followed":  "زیادہ تر سیکھنے والوں نے وہاں سے یہی جاری رکھا۔",
			"popular":   "زیادہ تر سیکھنے والے یہی منتخب کرتے ہیں۔",
			"asked_for": "یہ اس سے میل کھاتا ہے جو آپ سیکھنا چاہتے ہیں۔",
			"in_order":  "یہ اگلا قدم ہے۔",
		}
	}
	return map[string]string{
		"followed":  "Most learners went on with it from there.",
		"popular":   "It is what most learners do.",
		"asked_for": "It fits what you said you want to learn.",
		"in_order":  "It comes next.",
	}
}

// equals reports whether two say the same. Either may be nil.
func (n *Next) equals(other *Next) bool {
	if n == nil || other == nil {
		return n == other
	}
	return *n == *other
}

// WithoutPage returns it without its page.
func (n *Next) WithoutPage() *Next {
	bare := *n
	bare.URL = ""
	return &bare
}
