# yett: one Makefile, one build tree per variant, nothing generated into src/.
#   make                      yettd and yettctl in build/plain/
#   sudo make check           build, fast lints, unit tests, fuzz corpora, live tests; VARIANT=asan: the same, sanitised
#   make lint | fuzz [T=10] | bench; sudo make demo | run | install | uninstall; make clean
# Missing packages are installed by `make deps`, which the targets above call themselves.
VERSION    := $(shell sed -n '1s/^## \([^ ]*\).*/\1/p' CHANGELOG)
VARIANT    ?= plain
B          ?= build/$(VARIANT)
DESTDIR    ?=
PREFIX     ?= /usr
SBINDIR    ?= $(PREFIX)/sbin
BINDIR     ?= $(PREFIX)/bin
DATADIR    ?= $(PREFIX)/share/yett
MANDIR     ?= $(PREFIX)/share/man
LIBDIR     ?= $(PREFIX)/lib
SYSCONFDIR ?= /etc

PKGS       := libmnl audit libseccomp inih libsodium nettle libzstd libpcre2-8
PKG_CONFIG ?= pkg-config
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null) -lm
CFLAGS     ?= -O2 -g
WERROR     ?= -Werror
WARN       := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wvla \
              -Wswitch-enum -Wformat=2 -Wundef -Wwrite-strings
HARDEN     := -fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2 -fPIE
SAN.plain  := $(HARDEN)
SAN.asan   := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -fPIE
SAN.fuzz   := -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
LD.plain   := -pie -Wl,-z,relro,-z,now
LD.asan    := -pie -fsanitize=address,undefined
LD.fuzz    := -fsanitize=fuzzer,address,undefined
ifeq ($(filter $(VARIANT),plain asan fuzz),)
$(error VARIANT is plain, asan or fuzz)
endif
ifeq ($(VARIANT),fuzz)
CC         := clang
endif
ALL_CFLAGS  = $(CFLAGS) $(SAN.$(VARIANT)) -std=gnu11 -D_GNU_SOURCE -Isrc $(WARN) $(WERROR) -MMD -MP -DVERSION='"$(VERSION)"' \
              $(PKG_CFLAGS)

LIB_ROOMS  := base event file wire policy judge alert
DAEMON     := warden gate watch scan record hook
room        = $(patsubst src/%.c,$(B)/%.o,$(sort $(wildcard $(addprefix src/,$(addsuffix /*.c,$(1))))))
LIB_OBJS   := $(call room,$(LIB_ROOMS))
UNIT       := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ       := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
# The importer of Sigma is yettctl's, and in no library.
SIGMA      := $(patsubst src/%.c,$(B)/%.o,$(wildcard src/ctl/sigma_*.c))
HELPERS    := $(patsubst tests/%.c,$(B)/%,$(wildcard $(addprefix tests/,$(addsuffix /*.c,live bench verify replay policies))))
# V=1 shows the commands.
SAY        := $(if $(V),@:,@printf '  %s\n')
Q          := $(if $(V),,@)
# All cores for a sub-make, unless the caller said how many.
JOBS        = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

all: $(B)/yettd $(B)/yettctl
tests: all $(UNIT) $(FUZZ) $(HELPERS)

$(B)/libyett.a: $(LIB_OBJS)
	@rm -f $@; $(AR) rcs $@ $^
$(B)/yettd: $(call room,$(DAEMON)) $(B)/libyett.a
	$(SAY) 'LD $@'
	$(Q)$(CC) $(LD.$(VARIANT)) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)
$(B)/yettctl: $(call room,ctl) $(B)/libyett.a
	$(SAY) 'LD $@'
	$(Q)$(CC) $(LD.$(VARIANT)) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -ljansson -lyaml
$(B)/%.o: src/%.c | packages
	@mkdir -p $(@D)
	$(SAY) 'CC $@'
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<
$(B)/unit/%: tests/unit/%.c $(B)/libyett.a | packages
	@mkdir -p $(@D)
	$(SAY) 'LD $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LD.$(VARIANT)) -o $@ $< $(filter %/watch.a,$^) $(B)/libyett.a $(PKG_LIBS) -ljansson -lcmocka
# With libFuzzer's own main, or with ours, which runs each file of a corpus once.
$(B)/fuzz/%: tests/fuzz/%.c $(if $(filter fuzz,$(VARIANT)),,tests/fuzz/main.c) $(B)/libyett.a | packages
	@mkdir -p $(@D)
	$(SAY) 'LD $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LD.$(VARIANT)) -o $@ $(filter tests/fuzz/%.c %.o,$^) $(filter %.a,$^) $(PKG_LIBS)
$(B)/fuzz/fuzz_sigma: $(SIGMA)
$(B)/fuzz/fuzz_sigma: PKG_LIBS += -lyaml
$(HELPERS): $(B)/%: tests/%.c $(B)/libyett.a | packages
	@mkdir -p $(@D)
	$(SAY) 'LD $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LD.$(VARIANT)) -o $@ $< $(filter %/watch.a,$^) $(B)/libyett.a $(PKG_LIBS)
# What one sensor tells others of its room; an archive gives what is not in the test already.
$(B)/live/audit_roundtrip $(B)/unit/test_logons $(B)/unit/test_changes: $(B)/watch.a
$(B)/watch.a: $(call room,watch)
	@rm -f $@; $(AR) rcs $@ $^

packages:
	@$(PKG_CONFIG) --exists --print-errors $(PKGS) jansson yaml-0.1 || { echo "yett: run 'sudo make deps' first" >&2; exit 1; }
deps:
	@tests/deps build check lint fuzz
check:
	@tests/deps build check
	@$(MAKE) --no-print-directory $(JOBS) tests
	@tests/check $(B)
bench:
	@tests/deps build check
	@$(MAKE) --no-print-directory $(JOBS) tests
	@tests/bench/run $(B)
demo:
	@tests/deps build check
	@$(MAKE) --no-print-directory $(JOBS) all
	@tests/live/demo $(B)
run:
	@tests/deps build
	@$(MAKE) --no-print-directory $(JOBS) all
	@tests/run-host $(B)
lint:
	@tests/deps build check lint
	@$(MAKE) --no-print-directory $(JOBS) all
	@tests/lint/all $(B)
# The sanitised objects of clang stay apart from those of gcc.
fuzz:
	@tests/deps build fuzz
	@$(MAKE) --no-print-directory $(JOBS) VARIANT=fuzz B=$(if $(filter %/plain %/asan,$(B)),$(dir $(B))fuzz,$(B)-fuzz) fuzz-run
fuzz-run: $(FUZZ)
	@tests/fuzz/run $(B) $(or $(T),10)

ETC         = $(DESTDIR)$(SYSCONFDIR)/yett
install: all
	install -d $(addprefix $(DESTDIR),$(SBINDIR) $(BINDIR) $(DATADIR)/policies/optional $(DATADIR)/policies/telemetry $(MANDIR)/man1 $(MANDIR)/man5 $(MANDIR)/man7 \
	    $(MANDIR)/man8 $(LIBDIR)/systemd/system $(LIBDIR)/sysusers.d $(LIBDIR)/tmpfiles.d)
	install -d -m 0755 $(ETC) $(ETC)/policies.d
	install -m 0755 $(B)/yettd $(DESTDIR)$(SBINDIR)/yettd
	install -m 0755 $(B)/yettctl $(DESTDIR)$(BINDIR)/yettctl
	install -m 0644 policies/*.ini $(DESTDIR)$(DATADIR)/policies
	install -m 0644 policies/optional/*.ini $(DESTDIR)$(DATADIR)/policies/optional
	install -m 0644 policies/telemetry/*.ini $(DESTDIR)$(DATADIR)/policies/telemetry
	for n in 1 5 7 8; do install -m 0644 man/*.$$n $(DESTDIR)$(MANDIR)/man$$n || exit 1; done
	sed 's|/usr/sbin/|$(SBINDIR)/|; s|/usr/bin/|$(BINDIR)/|' systemd/yettd.service >$(DESTDIR)$(LIBDIR)/systemd/system/yettd.service
	install -m 0644 systemd/yett.sysusers $(DESTDIR)$(LIBDIR)/sysusers.d/yett.conf
	install -m 0644 systemd/yett.tmpfiles $(DESTDIR)$(LIBDIR)/tmpfiles.d/yett.conf
	[ -e $(ETC)/yett.conf ] || sed 's|^#\(vendor_policies = \).*|$(if $(filter /usr/share/yett,$(DATADIR)),#)\1$(DATADIR)/policies|' \
	    systemd/yett.conf >$(ETC)/yett.conf
	@[ -n '$(DESTDIR)' ] || systemd/settle install $(LIBDIR)
# Configuration, keys and records stay: they are the admin's.
uninstall:
	@[ -n '$(DESTDIR)' ] || systemd/settle stop
	rm -f $(DESTDIR)$(SBINDIR)/yettd $(DESTDIR)$(BINDIR)/yettctl $(DESTDIR)$(LIBDIR)/systemd/system/yettd.service \
	    $(DESTDIR)$(LIBDIR)/sysusers.d/yett.conf $(DESTDIR)$(LIBDIR)/tmpfiles.d/yett.conf
	for f in man/*.[1578]; do rm -f $(DESTDIR)$(MANDIR)/man$${f##*.}/$${f##*/}; done
	rm -rf $(DESTDIR)$(DATADIR)
	@[ -n '$(DESTDIR)' ] || systemd/settle gone
clean:
	rm -rf build
.PHONY: all tests packages deps check bench demo run lint fuzz fuzz-run install uninstall clean
.DEFAULT_GOAL := all
-include $(shell find $(B) -name '*.d' 2>/dev/null)
