/*
 * Fills the structure of any event by the catalogue's tables.
 */
#include "tests/unit/ground/audit_fill.h"

void
audit_fill(const struct audit_event_row *row, uint8_t *fields, const char *text,
    uint64_t n, const struct net_address *a)
{
	static struct audit_pairs pairs;

	for (const struct audit_slot *s = row->slots; s->field != NULL; s++) {
		void *p = &fields[s->offset];

		switch (s->field->kind) {
		case AUDIT_KIND_text:
		case AUDIT_KIND_keytype:
			*(const char **)p = text;
			break;
		case AUDIT_KIND_flag:
			*(bool *)p = n != 0;
			break;
		case AUDIT_KIND_mode:
			*(mode_t *)p = (mode_t)n;
			break;
		case AUDIT_KIND_address:
			*(const struct net_address **)p = n == 0 ? NULL : a;
			break;
		case AUDIT_KIND_pairs:
			pairs = (struct audit_pairs){.count = 3,
			    .names = {"first", "none", "last_1"},
			    .values = {text, NULL, text}};
			*(const struct audit_pairs **)p = &pairs;
			break;
		default:
			*(uint64_t *)p = n;
		}
	}
}
