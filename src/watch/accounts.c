#include "watch/parse.h"

#define FIELDS 9

/* Fields of a line; those that are missing are empty. */
static unsigned
split(struct span line, struct span field[FIELDS])
{
	unsigned n = 0;

	for (unsigned i = 0; i < FIELDS; i++)
		field[i] = (struct span){ "", 0 };
	while (n < FIELDS && span_field(&line, ':', &field[n]))
		n++;
	return n;
}

/* What may be told of a password; what it is stays here. */
static const char *
password_state(struct span p)
{
	if (!p.n)
		return "empty";
	if (*p.s == '!' || *p.s == '*')
		return "locked";
	return span_is(p, "x") ? "shadowed" : "set";
}

/* The next line with a name and something behind it; false: there is none. */
static bool
next_account(struct span *rest, struct span field[FIELDS])
{
	struct span line;

	while (span_line(rest, &line))
		if (split(line, field) > 1 && field[0].n && field[0].s[0] != '#')
			return true;
	return false;
}

static void
put_password(struct value *v, struct span p)
{
	value_secret(v, "password=", password_state(p), p);
}

void
parse_passwd(struct entries *e, const struct fact_file *f)
{
	struct span rest = f->text, field[FIELDS];
	struct value v;

	while (next_account(&rest, field)) {
		value_begin(&v, e);
		value_put(&v, "uid=", field[2]);
		value_put(&v, "gid=", field[3]);
		value_put(&v, "home=", field[5]);
		value_put(&v, "shell=", field[6]);
		value_put(&v, "gecos=", field[4]);
		if (!span_is(field[1], "x"))
			put_password(&v, field[1]);
		entries_add(e, OBJECT_USER, field[0], &v);
	}
}

void
parse_shadow(struct entries *e, const struct fact_file *f)
{
	struct span rest = f->text, field[FIELDS];
	struct value v;

	while (next_account(&rest, field)) {
		value_begin(&v, e);
		put_password(&v, field[1]);
		value_put(&v, "changed=", field[2]);
		value_put(&v, "min=", field[3]);
		value_put(&v, "max=", field[4]);
		value_put(&v, "warn=", field[5]);
		value_put(&v, "inactive=", field[6]);
		value_put(&v, "expires=", field[7]);
		entries_add(e, OBJECT_PASSWORD, field[0], &v);
	}
}

void
parse_group(struct entries *e, const struct fact_file *f)
{
	struct span rest = f->text, field[FIELDS], member;
	struct value v;

	while (next_account(&rest, field)) {
		value_begin(&v, e);
		value_put(&v, "gid=", field[2]);
		if (!span_is(field[1], "x"))
			put_password(&v, field[1]);
		entries_add(e, OBJECT_GROUP, field[0], &v);
		while (span_field(&field[3], ',', &member)) {
			value_begin(&v, e);
			value_put(&v, "user=", span_trim(member));
			if (v.len)
				entries_add(e, OBJECT_MEMBER, field[0], &v);
		}
	}
}

/* Who is in a group is told of /etc/group; here it is one attribute. */
void
parse_gshadow(struct entries *e, const struct fact_file *f)
{
	struct span rest = f->text, field[FIELDS];
	struct value v;

	while (next_account(&rest, field)) {
		value_begin(&v, e);
		put_password(&v, field[1]);
		value_put(&v, "administrators=", field[2]);
		value_put(&v, "members=", field[3]);
		entries_add(e, OBJECT_SHADOW_GROUP, field[0], &v);
	}
}
