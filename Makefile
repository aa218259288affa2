# Roomline. `make help` lists what can be asked for.
#
# Objects go to build/<variant>/; a variant is one compiler with one set of flags, so that the
# plain, the sanitizer and the clang builds never mix:
#   make                     plain build with gcc
#   make SAN=1               AddressSanitizer and UndefinedBehaviorSanitizer, crash points on
#   make CC=clang-14         the same with clang
#   make WERROR=1            warnings are errors (what `make test` does)
#   make V=1                 whole commands instead of a line for each file

CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
BUILD ?= build
VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=

VARIANT := $(notdir $(CC))$(if $(SAN),-san)$(if $(CRASH),-crash)
OUT := $(BUILD)/$(VARIANT)

PKGS := libstrophe libcurl libcjson sqlite3 libevent openssl libutf8proc libcyaml
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wpointer-arith -Wcast-qual -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wformat=2 -Wwrite-strings -Wvla -Wundef \
	-Wnull-dereference -Wswitch-enum -Wimplicit-fallthrough -Wdouble-promotion -Wconversion \
	-Wno-sign-conversion -Wdate-time
ifneq (,$(findstring clang,$(CC)))
WARN += -Wcomma -Wunreachable-code -Wcast-align
HARDEN :=
else
WARN += -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wcast-align=strict
HARDEN := -ftrivial-auto-var-init=zero
endif
WARN += $(if $(WERROR),-Werror)
HARDEN += -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
SANITIZE := -fsanitize=address,undefined
ifdef SAN
OPT := -O1 -g -fno-omit-frame-pointer $(SANITIZE) -fno-sanitize-recover=all
else
OPT := -O2 -g -D_FORTIFY_SOURCE=2
endif
# A crash point kills the daemon at a named step when the environment asks for it; see base/crash.h.
CRASHPOINTS := $(if $(SAN)$(CRASH),-DROOMLINE_CRASH_POINTS)

CFLAGS ?=
ALL_CFLAGS = -std=gnu17 $(OPT) $(HARDEN) $(WARN) $(CRASHPOINTS) -DROOMLINE_VERSION='"$(VERSION)"' \
	-Iinclude -Isrc $(PKG_CFLAGS) -include src/base/banned.h -MMD -MP $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(if $(SAN),$(SANITIZE)) $(LDFLAGS)

FOLDERS := base core bridge chat sms store http cmd app
SRC := $(sort $(foreach f,$(FOLDERS),$(shell find src/$(f) -name '*.c')))
OBJ := $(SRC:%.c=$(OUT)/%.o)
# Everything but main() in one archive: a test links what it names and no more.
LIB := $(OUT)/libroomline.a
BIN := $(OUT)/roomline

UNIT := $(patsubst tests/unit/%.c,$(OUT)/unit/%,$(shell find tests/unit -name 'test_*.c'))
FUZZ_SRC := $(shell find tests/fuzz -name 'fuzz_*.c')
# The replay build of a fuzz target runs its corpus once; the real fuzzer is `make fuzz`.
REPLAY := $(patsubst tests/fuzz/%.c,$(OUT)/fuzz/%,$(FUZZ_SRC))
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/libfuzzer/%,$(FUZZ_SRC))
FUZZ_OBJ := $(patsubst %.c,$(BUILD)/libfuzzer/obj/%.o,$(filter-out src/app/main.c,$(SRC)))
FUZZ_CC := clang-14 -std=gnu17 -O1 -g -fno-sanitize-recover=all -DROOMLINE_VERSION='"$(VERSION)"' \
	-Iinclude -Isrc $(PKG_CFLAGS) -include src/base/banned.h -MMD -MP
BENCHES := $(patsubst tests/bench/%.c,$(OUT)/bench/%,$(shell find tests/bench -name '*.c'))

# A recipe begins with $(call say,WHAT): one short line in place of the command, none with -s.
SILENT := $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
say = $(if $(V),,@$(if $(SILENT),,printf '  %-5s %s\n' '$(1)' '$(2)';))

.DEFAULT_GOAL := all
.PHONY: all help deps demo run test unit replay lint format bench bench-build fuzz install uninstall \
	docker-check clean

all: $(BIN) ## build the daemon

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' Makefile

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(LIB): $(filter-out $(OUT)/src/app/main.o,$(OBJ))
	@mkdir -p $(@D)
	@rm -f $@
	$(call say,AR,$@)ar crs $@ $^

$(BIN): $(OUT)/src/app/main.o $(LIB)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(OUT)/unit/%: tests/unit/%.c $(LIB)
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) -Itests -o $@ $< $(LIB) $(ALL_LDFLAGS) -lcmocka $(PKG_LIBS)

$(OUT)/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c $(LIB)
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) -o $@ $< tests/fuzz/replay.c $(LIB) $(ALL_LDFLAGS) $(PKG_LIBS)

$(OUT)/bench/%: tests/bench/%.c $(LIB)
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) -o $@ $< $(LIB) $(ALL_LDFLAGS) $(PKG_LIBS)

# libFuzzer wants its own instrumentation in everything, so these objects are nobody else's.
$(BUILD)/libfuzzer/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,FUZZ,$<)$(FUZZ_CC) -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<

$(BUILD)/libfuzzer/libroomline.a: $(FUZZ_OBJ)
	@rm -f $@
	$(call say,AR,$@)ar crs $@ $^

$(BUILD)/libfuzzer/%: tests/fuzz/%.c $(BUILD)/libfuzzer/libroomline.a
	$(call say,FUZZ,$<)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $@ $< $(BUILD)/libfuzzer/libroomline.a $(PKG_LIBS)

deps: ## install what building and testing need (Debian 12, root or sudo)
	@tests/deps.sh

demo: deps ## show the main job with real traffic, then stay up (NETWORK=matrix; ONCE=1 ends)
	@$(MAKE) --no-print-directory -s all
	@tests/demo/run.sh $(BIN)

CONFIG ?= config/roomline.yaml
run: all ## run the daemon with CONFIG=config/roomline.yaml
	@test -e $(CONFIG) || { echo "There is no $(CONFIG) yet. Make it, and do what it says next:"; \
		echo "  $(BIN) init -c $(CONFIG)"; exit 1; }
	@$(BIN) run -c $(CONFIG)

test: deps ## set up and run everything; ends in "N passed, N failed"
	@tests/run.sh

# These are no tests by themselves: end to end tests drive them.
PROBES := $(OUT)/unit/chat/xmpp_probe $(OUT)/unit/chat/matrix_bodies
unit: $(UNIT) $(PROBES) ## build the unit tests
replay: $(REPLAY) ## build the corpus replays
bench-build: $(BENCHES)

lint: deps ## format check, clang-tidy, cppcheck, layers, headers, banned words
	@tests/lint.sh

format: ## rewrite the sources in the project's format
	clang-format-14 -i $$(git ls-files '*.c' '*.h')

bench: deps ## measure, as ratios against a reference in the same run
	@$(MAKE) --no-print-directory -s all bench-build
	@tests/bench/run.sh $(OUT)

fuzz: $(FUZZERS) ## fuzz each parser for SECONDS=60
	@tests/fuzz/run.sh $(BUILD)/libfuzzer $(or $(SECONDS),60)

docker-check: ## build the image and carry a conversation in the container
	@tests/docker-check.sh

install: all ## install to PREFIX=/usr/local (DESTDIR is honoured)
	install -D -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/roomline
	install -d $(DESTDIR)$(PREFIX)/share/roomline/providers
	install -m 644 config/providers/*.yaml $(DESTDIR)$(PREFIX)/share/roomline/providers/
	install -D -m 644 README.md $(DESTDIR)$(PREFIX)/share/doc/roomline/README.md
	install -m 644 config/roomline.yaml.example $(DESTDIR)$(PREFIX)/share/doc/roomline/
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|/usr/local|$(PREFIX)|' config/roomline.service \
		>$(DESTDIR)$(PREFIX)/lib/systemd/system/roomline.service

uninstall: ## remove what install put there; configuration and database stay
	rm -f $(DESTDIR)$(PREFIX)/bin/roomline $(DESTDIR)$(PREFIX)/lib/systemd/system/roomline.service
	rm -rf $(DESTDIR)$(PREFIX)/share/roomline $(DESTDIR)$(PREFIX)/share/doc/roomline

clean: ## remove what was built
	rm -rf $(BUILD)

-include $(shell find $(OUT) $(BUILD)/libfuzzer -name '*.d' 2>/dev/null)
