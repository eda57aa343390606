#include "judge/inquiry.h"
#include "judge/match.h"

bool
inquiry_shows(const struct inquiry *q, enum field field)
{
	switch (q->view) {
	case VIEW_ALL:
		return true;
	case VIEW_OBJECT:
		return judge_of_object(field, (enum event_kind)q->ev->kind);
	case VIEW_LOADER:
		break;
	}
	return field_info(field)->scope == SCOPE_OBJECT;
}

enum truth
inquiry_ask(struct inquiry *q, const struct l_condition *c, bool strict, uint32_t *needs)
{
	uint32_t question = 1 + 2 * c->same + strict, at = question % ANSWERS;

	if (!inquiry_shows(q, (enum field)c->field) || (c->test == L_FIELD && !inquiry_shows(q, (enum field)(c->arg & 0xffff))))
		return TRUTH_UNKNOWN;
	if (q->answer[at].question != question) {
		q->answer[at].question = question;
		q->answer[at].needs = 0;
		q->answer[at].truth = match_condition(q->p, c, q->ev, strict, &q->answer[at].needs);
	}
	*needs |= q->answer[at].needs;
	return q->answer[at].truth;
}
