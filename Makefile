# hv8: the whole surface. `make help` lists it. Everything is built in build/; nothing is written elsewhere.
#
# Where labs/ exists this is the instructor's tree: LAB=n picks the stage, SOLUTION=0 leaves its holes open. In a course
# branch lab.mk fixes the stage, and LAB=n picks which lab's tests `make grade` runs.

MAKEFLAGS += --no-builtin-rules --no-print-directory
SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# `make setup grade`: the other goals may need what setup installs, so they begin in a make of their own, behind it.
SETUPS := $(filter setup setup-class setup-docs,$(MAKECMDGOALS))
ifneq ($(SETUPS),)
OTHERS := $(filter-out $(SETUPS),$(MAKECMDGOALS))
.PHONY: setup setup-class setup-docs $(OTHERS)
setup setup-class setup-docs:
	@sh grading/setup.sh $(filter class docs,$(subst -, ,$@))
$(OTHERS): $(SETUPS)
	@$(MAKE) $@
else

# ---- what to build --------------------------------------------------------------------------------------------------

TREE := $(wildcard labs/split.py)
O ?= -Og
stage_dir = build/lab$(1)$(if $(filter 0,$(SOLUTION)),-start)$(filter-out -Og,$(O))$(if $(CHECKED),-checked)$(if $(BENCH),-bench)
-include lab.mk
ALL_LABS := $(sort $(patsubst grading/lab%/,%,$(wildcard grading/lab[1-9]/)))
NEWEST := $(lastword $(ALL_LABS))
ifdef TREE
  LAB_STAGE := $(or $(LAB),$(NEWEST))
  SOLUTION ?= 1
  B = $(call stage_dir,$(LAB_STAGE))
  SOLVED := $(if $(filter 0,$(SOLUTION)),$(shell expr $(LAB_STAGE) - 1),$(LAB_STAGE))
  GRADED := $(or $(LAB),$(ALL_LABS))
else
  B = $(call stage_dir,$(LAB_STAGE))
  SOLVED := $(LAB_STAGE)
  GRADED := $(or $(LAB),$(LAB_STAGE))
endif
ifneq ($(filter-out $(ALL_LABS),$(LAB_STAGE) $(GRADED)),)
  $(error there is no lab $(sort $(filter-out $(ALL_LABS),$(LAB_STAGE) $(GRADED))): LAB is one of $(ALL_LABS))
endif
STAGES := $(shell seq 1 $(LAB_STAGE))

# Files that first appear in a later lab (labs/labN-name/files: a path or a directory/ a line).
LATER := $(foreach n,$(filter-out $(STAGES),$(ALL_LABS)),$(shell cat labs/lab$n-*/files 2>/dev/null | sed '/^\#/d'))
this_stage = $(filter-out $(LATER) $(patsubst %/,%/%,$(filter %/,$(LATER))),$(1))

KERNEL := $(call this_stage,$(wildcard kernel/*/*.c kernel/*/*.S)) $(wildcard $(STAGES:%=grading/guest/lab%.c))
KERNEL := $(filter-out kernel/include/% $(if $(CHECKED),,%/inv_page.c %/inv_proc.c %/inv_irq.c),$(KERNEL))
USER_LIB := $(call this_stage,$(wildcard user/lib/*.c user/lib/*.S))
PROGRAMS := $(call this_stage,$(wildcard user/init/*.c grading/guest/user/*.c))
MODEL := $(if $(filter 4,$(STAGES)),model memory sysreg uart gic gic_bank gic_mmio gic_cpu gic_virtual gic_sysreg timer walk tlb rules rules_tables standalone world \
	$(foreach n,$(STAGES),$(basename $(notdir $(wildcard grading/model/lab$n.c)))))

# ---- tools ----------------------------------------------------------------------------------------------------------

PYTHON ?= python3
QEMU ?= qemu-system-aarch64
CROSS_COMPILE ?= $(shell sh grading/tools.sh cross)
CROSS := $(CROSS_COMPILE)
GDB ?= $(shell sh grading/tools.sh gdb)
CC_KERNEL = $(CROSS)gcc
HOSTCC ?= $(shell command -v cc || command -v gcc || command -v clang)
Q := $(if $(V),,@)
SILENT := $(findstring s,$(filter-out -%,$(firstword $(MAKEFLAGS))))
say = $(if $(V)$(SILENT),@:,@printf '  %-5s %s\n' $(1) $(2))

WARNINGS := -Wall -Wextra -Wno-unused-parameter -Wshadow -Wstrict-prototypes $(if $(WERROR),-Werror)
STAGE_FLAGS := -DLAB=$(LAB_STAGE) -DSOLUTION=$(SOLVED) $(if $(CHECKED),-DCHECKED=1)
COMMON := -std=gnu11 -g $(O) $(WARNINGS) -ffreestanding -nostdinc -isystem $(shell $(CROSS)gcc -print-file-name=include 2>/dev/null) \
	-march=armv8-a -mgeneral-regs-only -mstrict-align -fno-omit-frame-pointer -fno-stack-protector -fno-common \
	-fno-asynchronous-unwind-tables -fno-unwind-tables -fno-delete-null-pointer-checks -fno-strict-aliasing
KFLAGS := $(COMMON) -fpie -fvisibility=hidden $(STAGE_FLAGS) -Ikernel/include -I$(B)
UFLAGS := $(COMMON) -ffunction-sections -fno-pie $(STAGE_FLAGS) -Iuser/lib -Ikernel/include
KLINK := -nostdlib -static -Wl,-pie,--no-dynamic-linker,-z,text,-z,norelro,--build-id=none,-z,noexecstack -T kernel/boot/kernel.ld
ULINK := -nostdlib -static -no-pie -Wl,--gc-sections,--build-id=none,-z,max-page-size=4096,-z,noexecstack -T user/user.ld
ifdef BENCH
  include bench/bench.mk
endif

# ---- build ----------------------------------------------------------------------------------------------------------

# A file gets its name when it is whole: two makes at a time, say qemu-gdb's and gdb's behind an edit, do not read each other's halves.
new = $@.$$$$
made = mv $(new) $@
compile = $(Q)$(1) -MMD -MP -MF $(new).d -MT $@ -c -o $(new) $< && mv $(new).d $(@:.o=.d) && $(made) || { rm -f $(new).d; exit 1; }
KOBJ := $(KERNEL:%=$(B)/%.o)
LIBOBJ := $(USER_LIB:%=$(B)/%.o)
ELFS := $(foreach p,$(PROGRAMS),$(B)/programs/$(basename $(notdir $p)))
PRODUCTS := $(B)/kernel.elf $(B)/kernel.bin $(if $(PROGRAMS),$(B)/initrd.cpio) \
	$(if $(and $(MODEL),$(HOSTCC)),$(B)/model)

.PHONY: all build
all build: need-cross $(PRODUCTS) build/compile_commands.json

.PHONY: need-cross
need-cross:
	$(if $(CROSS),,$(error no AArch64 compiler found: run `make setup`, or name one with CROSS_COMPILE=prefix-))
	@command -v $(CC_KERNEL) >/dev/null || { echo "there is no $(CC_KERNEL): correct CROSS_COMPILE, or run 'make setup'"; exit 1; }

# Changed flags rebuild; the file is rewritten only when they change.
FLAGS = $(CC_KERNEL) $(KFLAGS) $(UFLAGS) $(KLINK) $(ULINK) $(KERNEL) $(USER_LIB) $(PROGRAMS) $(HOSTCC) $(HFLAGS)
$(B)/flags: FORCE
	@mkdir -p $(B); echo '$(FLAGS)' | cmp -s - $@ || { echo '$(FLAGS)' >$(new); $(made); }
.PHONY: FORCE
FORCE:

$(B)/offsets.h: kernel/include/offsets.c $(B)/flags | need-cross
	$(Q)$(CC_KERNEL) $(KFLAGS) -MMD -MP -MF $(new).d -MT $@ -S -o - $< | sed -n 's/^->\([A-Z0-9_]*\) [#$$]*\(-*[0-9]*\).*/#define \1 \2/p' >$(new) && mv $(new).d $@.d && $(made)

$(B)/kernel/%.c.o: kernel/%.c $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(call compile,$(CC_KERNEL) $(KFLAGS))
$(B)/kernel/%.S.o: kernel/%.S $(B)/offsets.h $(B)/flags
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(call compile,$(CC_KERNEL) $(KFLAGS) -DTHIS_FILE='"$<"')
$(B)/grading/guest/lab%.c.o: grading/guest/lab%.c $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(call compile,$(CC_KERNEL) $(KFLAGS))

# Two links: the first gives the addresses for the symbol table that the second one contains. Code comes first in the image,
# so the table moves no function.
$(B)/symbols0.S: $(B)/flags
	$(Q)printf '\t.section .rodata\n\t.globl symbol_count\n\t.hidden symbol_count\nsymbol_count: .long 0\n' >$(new) && $(made)
$(B)/symbols.S: $(B)/pass1.elf kernel/boot/symbols.awk
	$(Q)$(CROSS)nm -n $< | awk -f kernel/boot/symbols.awk >$(new) && $(made)
$(B)/symbols0.o $(B)/symbols.o: %.o: %.S
	$(Q)$(CC_KERNEL) -c -o $(new) $< && $(made)
$(B)/pass1.elf: $(KOBJ) $(B)/symbols0.o kernel/boot/kernel.ld $(B)/flags
	$(Q)$(CC_KERNEL) $(KLINK) -o $(new) $(KOBJ) $(B)/symbols0.o && $(made)
$(B)/kernel.elf: $(KOBJ) $(B)/symbols.o kernel/boot/kernel.ld
	$(call say,LD,$@)
	$(Q)$(CC_KERNEL) $(KLINK) -o $(new) $(KOBJ) $(B)/symbols.o && $(made)
$(B)/kernel.bin: $(B)/kernel.elf
	$(Q)$(CROSS)objcopy -O binary $< $(new) && $(made)

$(B)/user/%.o: user/% $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(call compile,$(CC_KERNEL) $(UFLAGS))
$(B)/grading/guest/user/%.o: grading/guest/user/% $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(call compile,$(CC_KERNEL) $(UFLAGS))

# One program a C file, named after it.
define program
$(B)/programs/$(basename $(notdir $(1))): $(B)/$(1).o $(LIBOBJ) user/user.ld
	@mkdir -p $$(@D)
	$(Q)$(CC_KERNEL) $(ULINK) -o $$(new) $(LIBOBJ) $(B)/$(1).o && $$(made)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$p)))

# The model machine with this kernel on it, from the host's compiler: tests that say `model:`.
HOST_C := $(filter-out kernel/dev/string.c,$(filter kernel/%.c,$(KERNEL))) $(wildcard $(MODEL:%=grading/model/%.c))
HOST_OBJ := $(HOST_C:%.c=$(B)/host/%.o) $(B)/host/grading/model/image.o
HFLAGS := -std=gnu11 -g -O1 -w -fno-strict-aliasing -fno-common $(STAGE_FLAGS) -Dmain=kernel_main -Igrading/model -Ikernel/include
$(B)/host/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call compile,$(HOSTCC) $(HFLAGS))
$(B)/host/%.o: %.S $(B)/flags
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HFLAGS) -c -o $(new) $< && $(made)
$(B)/model: $(HOST_OBJ)
	$(call say,LD,$@)
	$(Q)$(HOSTCC) -Wl,-z,relro,-z,now,-z,noexecstack -o $(new) $(HOST_OBJ) && $(made)

# The programs, and malformed ones that the loader must refuse.
$(B)/initrd.cpio: $(ELFS) user/mkinitrd.py grading/guest/badelf.py $(B)/flags
	$(call say,CPIO,$@)
	$(Q)$(PYTHON) grading/guest/badelf.py $(B)/programs/hello $(new).bad && \
		$(PYTHON) user/mkinitrd.py $(new) $(ELFS) $(new).bad/* && rm -r $(new).bad && $(made)

$(B)/compile_commands.json: $(B)/flags
	@{ printf '['; s=; \
	  for f in $(filter %.c,$(KERNEL)); do printf '%s\n{"directory": "%s", "file": "%s", "command": "%s -c %s"}' "$$s" '$(CURDIR)' "$$f" '$(CC_KERNEL) $(KFLAGS)' "$$f"; s=,; done; \
	  for f in $(filter %.c,$(USER_LIB) $(PROGRAMS)); do printf '%s\n{"directory": "%s", "file": "%s", "command": "%s -c %s"}' "$$s" '$(CURDIR)' "$$f" '$(CC_KERNEL) $(UFLAGS)' "$$f"; s=,; done; \
	  printf '\n]\n'; } >$(new) && $(made)
# clangd looks in build/: the stage that was built last.
build/compile_commands.json: $(B)/compile_commands.json FORCE
	@cmp -s $< $@ || { cp $< $(new) && $(made); }

-include $(KOBJ:.o=.d) $(LIBOBJ:.o=.d) $(PROGRAMS:%=$(B)/%.d) $(HOST_OBJ:.o=.d) $(B)/offsets.h.d

# ---- run ------------------------------------------------------------------------------------------------------------

MACHINE ?= virt
CPU ?= cortex-a53
SMP ?= 1
MEM ?= 1G
ARGS ?=
GDB_PORT := $(shell expr 25000 + $$(id -u) % 5000)
QEMU_virt := -M virt,virtualization=on,gic-version=3 -cpu $(CPU) -smp $(SMP)
QEMU_virt-gicv2 := -M virt,virtualization=on,gic-version=2 -cpu $(CPU) -smp $(SMP)
# A GIC with two security states, as on boards; QEMU still enters the kernel at non-secure EL2.
QEMU_virt-secure := -M virt,secure=on,virtualization=on,gic-version=3 -cpu $(CPU) -smp $(SMP)
QEMU_virt-secure-gicv2 := -M virt,secure=on,virtualization=on,gic-version=2 -cpu $(CPU) -smp $(SMP)
QEMU_versal := -M xlnx-versal-virt -smp 4
# Where QEMU puts the image: the device tree's DRAM base + 2 MiB.
LOAD_virt := 0x40200000
LOAD_virt-gicv2 := 0x40200000
LOAD_virt-secure := 0x40200000
LOAD_virt-secure-gicv2 := 0x40200000
LOAD_versal := 0x200000
LOAD = $(or $(LOAD_$(MACHINE)),$(error $(NO_MACHINE)))
NO_MACHINE := MACHINE is one of virt, virt-gicv2, virt-secure, virt-secure-gicv2, versal
QEMU_RUN = $(QEMU) $(or $(QEMU_$(MACHINE)),$(error $(NO_MACHINE))) -m $(MEM) -nographic -net none \
	-no-reboot -kernel $(B)/kernel.bin $(if $(PROGRAMS),-initrd $(B)/initrd.cpio) -append '$(ARGS)'

.PHONY: qemu qemu-gdb gdb gdb-script tmux
qemu: all
	@echo "  QEMU  leave with Ctrl-A x"
	$(Q)$(QEMU_RUN)
qemu-gdb: gdb-script
	@echo "  QEMU  waits for a debugger on port $(GDB_PORT): run 'make gdb' in another terminal; leave with Ctrl-A x"
	$(Q)$(QEMU_RUN) -S -gdb tcp:127.0.0.1:$(GDB_PORT)
gdb: gdb-script
	$(if $(GDB),,$(error no gdb for AArch64 found: run `make setup`, or name one with GDB=path))
	@echo "  GDB   attaches to port $(GDB_PORT), where 'make qemu-gdb' must be waiting in another terminal"
	$(Q)$(GDB) -nx -q -x $(B)/gdb.cmd $(GDBFLAGS)
# What gdb is told; editors find it in build/, for the stage that was started last.
gdb-script: all
	@printf '%s\n' 'set confirm off' 'set architecture aarch64' 'set $$hv8_machine = "$(MACHINE)"' 'set $$hv8_memory = "$(MEM)"' \
		'source debug/hv8.py' 'python import target; target.attach($(GDB_PORT))' \
		'symbol-file $(B)/kernel.elf -o $(LOAD)' 'hbreak *$(LOAD)' continue delete >$(B)/gdb.cmd.$$$$ && \
		cp $(B)/gdb.cmd.$$$$ build/gdb.cmd.$$$$ && cp $(B)/kernel.elf build/kernel.elf.$$$$ && mv $(B)/gdb.cmd.$$$$ $(B)/gdb.cmd && \
		mv build/gdb.cmd.$$$$ build/gdb.cmd && mv build/kernel.elf.$$$$ build/kernel.elf
# QEMU and gdb side by side; leaving gdb ends both. Both makes get this one's variables, by MAKEFLAGS.
TMUX_RUN = env -u TMUX tmux -L hv8-$(GDB_PORT) -f /dev/null
tmux: gdb-script
	@command -v tmux >/dev/null || { echo "there is no tmux: install the package tmux, or run 'make qemu-gdb' and 'make gdb' in two terminals"; exit 1; }
	@! $(TMUX_RUN) has-session 2>/dev/null || { echo "it is open already: tmux -L hv8-$(GDB_PORT) attach"; exit 1; }
	$(Q)$(TMUX_RUN) new-session $(TMUX_FLAGS) '$(MAKE) qemu-gdb' \; set-option remain-on-exit on \; \
		split-window -h '$(MAKE) gdb || { echo "Enter closes both"; read line; }; tmux kill-server'

# The test T's run as `make grade` boots it, recorded, in gdb, which goes backwards from where it failed: debug/replay.py.
.PHONY: gdb-replay
gdb-replay: all
	$(if $(T),,$(error make gdb-replay needs T=test, the name of one test of lab $(or $(LAB),$(LAB_STAGE))))
	$(if $(GDB),,$(error no gdb for AArch64 found: run `make setup`, or name one with GDB=path))
	@$(PYTHON) debug/replay.py --gdb '$(GDB)' --earlier $(OUT) --out build/replay --cross '$(CROSS)' --qemu '$(QEMU)' --test '$(T)' \
		$(if $(JOBS),--jobs $(JOBS)) $(if $(SEED),--seed '$(SEED)') $(if $(CHECKED),--patience 40) $(or $(LAB),$(LAB_STAGE)):$(B) \
		-- $(GDBFLAGS)
# A timeline of a run in build/trace: of the test T, or of what `make qemu` boots.
TRACE = $(PYTHON) debug/trace.py --cross '$(CROSS)' --qemu '$(QEMU)'
.PHONY: trace
trace: all
	$(Q)$(if $(T),$(TRACE) --test '$(T)' $(if $(SEED),--seed '$(SEED)') $(foreach n,$(GRADED),$n:$(B)),$(TRACE) --load $(LOAD) $(LAB_STAGE):$(B) -- $(QEMU_RUN))

# ---- grade ----------------------------------------------------------------------------------------------------------

OUT ?= build/grade
GRADE = $(PYTHON) grading/grade.py --out $(OUT) --cross '$(CROSS)' --qemu '$(QEMU)' $(if $(JOBS),--jobs $(JOBS)) \
	$(if $(T),--test '$(T)') $(if $(SEED),--seed '$(SEED)') $(if $(V),--verbose) $(if $(CHECKED),--patience 40) $(if $(PAGE),--page)
.PHONY: grade grade-html
# The same as a page, written beside the results.
grade-html:
	@$(MAKE) grade PAGE=1
ifdef TREE
# TESTS="1:3 2:3": lab 1's and lab 2's tests on stage 3; a merge of the next lab must not cost points.
TESTS ?= $(foreach n,$(GRADED),$n:$n)
grade: need-cross
	@for n in $(sort $(foreach t,$(TESTS),$(lastword $(subst :, ,$t)))); do \
		$(MAKE) build LAB=$$n SOLUTION=$(SOLUTION) || exit 1; done
	@$(GRADE) $(foreach t,$(TESTS),$(firstword $(subst :, ,$t)):$(call stage_dir,$(lastword $(subst :, ,$t))))
else
grade: all
	@$(GRADE) $(foreach n,$(GRADED),$n:$(B))
endif

# The hypercalls of this stage as a page, from the list that the kernel is built from.
.PHONY: reference
reference:
	$(if $(call this_stage,$(wildcard user/reference.py)),,$(error there are no hypercalls before lab 3: make reference lists them from then on))
	@mkdir -p build
	$(Q)$(PYTHON) user/reference.py kernel/include/uapi/hypercall.def $(LAB_STAGE) >build/hypercalls.md
	@echo "  build/hypercalls.md"

# The handouts, the code and what links them as a site, build/docs/html/index.html. docs-check loads each of its pages in
# Chromium, and in the instructor's tree makes each lab's site as a student does.
.PHONY: docs docs-check
docs:
	$(Q)$(PYTHON) handouts/site/docs.py --lab $(LAB_STAGE) --solved $(SOLVED) --later '$(LATER)'
	$(Q)$(PYTHON) handouts/site/look.py build/docs
docs-check:
	$(Q)$(PYTHON) handouts/site/look.py --browser build/docs
	$(if $(TREE),$(Q)$(PYTHON) grading/tests/sites.py && $(PYTHON) grading/tests/timelines.py)

.PHONY: doctor clean help
doctor:
	@CROSS_COMPILE='$(CROSS)' QEMU='$(QEMU)' PYTHON='$(PYTHON)' sh grading/doctor.sh
clean:
	rm -rf build

# ---- the instructor's tree ------------------------------------------------------------------------------------------

ifdef TREE
.PHONY: labs check-labs test mutants grade-class autograder format format-check host-test fuzz test-deep steady grade-cost test-class check-handouts drawings
labs:
	$(Q)$(PYTHON) labs/course.py --out build/course.git
check-labs:
	$(Q)$(PYTHON) labs/check.py
# Handouts' form, links and names, and every command that they show. PAGE=lab1-uart: only this one; WRITE=1: put the outputs into it.
check-handouts:
	$(Q)$(PYTHON) labs/handouts.py $(if $(WRITE),--write) $(PAGE)
# The handouts' drawings, from their sources; N=name: only this one.
drawings:
	$(Q)$(PYTHON) handouts/drawings/draw.py $(N)
# What the newest kernel's operations cost; README.md says what the rows are.
.PHONY: bench
bench: BENCHED := build/lab$(NEWEST)-O2-bench
bench: need-cross
	@$(MAKE) LAB=$(NEWEST) SOLUTION=1 CHECKED= O=-O2 BENCH=1 $(BENCHED)/kernel.bin $(BENCHED)/initrd.cpio
	@$(PYTHON) bench/bench.py --qemu '$(QEMU)' $(BENCHED)
test:
	$(Q)$(PYTHON) grading/tests/run.py
# Every submission in the folder SUBMISSIONS, by lab n's tests or those in TESTS_DIR/labN; ENGINE=slurm SBATCH_FLAGS='-p cpu'.
CLASS = $(PYTHON) grading/submissions/grade_class.py --lab $(LAB) $(if $(filter-out file,$(origin OUT)),--out '$(OUT)') $(if $(JOBS),--jobs $(JOBS)) \
	$(if $(TESTS_DIR),--tests '$(TESTS_DIR)') $(if $(ENGINE),--engine '$(ENGINE)') --sbatch-flags='$(SBATCH_FLAGS)' $(if $(TIMEOUT),--timeout $(TIMEOUT))
grade-class: need-cross
	$(if $(and $(LAB),$(SUBMISSIONS)),,$(error make grade-class needs SUBMISSIONS=folder and LAB=n))
	$(Q)CROSS_COMPILE='$(CROSS)' QEMU='$(QEMU)' $(CLASS) '$(SUBMISSIONS)'
# Students' mistakes, each with the tests it must lose. M=name: only these; QUICK=1: a few of them.
mutants: need-cross
	$(Q)$(PYTHON) grading/tests/mutants.py $(if $(LAB),--lab $(LAB)) $(if $(M),--name '$(M)') $(if $(QUICK),--quick) $(if $(JOBS),--jobs $(JOBS))
test-deep:
	$(Q)$(PYTHON) grading/tests/run.py deep
# RUNS=n times the same grade on a busy host; LABS="2 2-start": of what.
steady: need-cross
	$(Q)CROSS_COMPILE='$(CROSS)' QEMU='$(QEMU)' $(PYTHON) grading/tests/steady.py $(or $(RUNS),20) $(or $(LABS),1 1-start 2 2-start 3 4 5 6)
# What a grade takes beyond its QEMU boots.
grade-cost: need-cross
	$(Q)$(PYTHON) grading/tests/cost.py $(GRADED)
# The same of fifty submissions, here and on a Slurm cluster of this one machine; make setup-class installs what that needs.
test-class: need-cross
	$(Q)CROSS_COMPILE='$(CROSS)' QEMU='$(QEMU)' $(PYTHON) grading/tests/fifty.py
# What grades on Gradescope and in GitHub Classroom: build/autograder/labN.zip, build/autograder/labN/classroom.yml.
autograder:
	$(if $(LAB),,$(error make autograder needs LAB=n))
	$(Q)$(PYTHON) grading/autograder/pack.py --lab $(LAB) $(if $(COURSE),--course '$(COURSE)')
host-test:
	$(Q)$(MAKE) -C grading/host
# SECONDS=n: how long to look; FINDING=file: repeat what was found.
fuzz:
	$(Q)$(if $(FINDING),$(MAKE) -s -C grading/host ../../build/host/fuzz && build/host/fuzz $(FINDING),$(MAKE) -C grading/host libfuzzer)
C_FILES = $(shell git ls-files '*.c' '*.h')
format:
	clang-format -i $(C_FILES)
format-check:
	clang-format --dry-run --Werror $(C_FILES)
endif

help:
	@echo 'hv8: make TARGET [VARIABLE=value]...'
	@echo '  setup         install what is missing (apt-get)          doctor   check every tool, with the fix for each'
	@echo '  all           build the kernel and its programs          clean    remove build/'
	@echo '  qemu          boot with a console                        qemu-gdb, gdb   boot halted; attach, in two terminals'
	@echo '  tmux          the two side by side                       gdb-replay   T=test: recorded, in gdb, which runs backwards'
	@echo '  trace         T=test: a timeline of its run              docs     handouts and code as a site; first: setup-docs'
	@echo '  grade         boot every test in QEMU and score          reference   the hypercalls, in build/hypercalls.md'
	@echo '  grade-html    the same, and a page to read it in         help     this page'
ifdef TREE
	@echo '  test          every test of this repository              host-test   the host unit tests alone'
	@echo '  grade-class   grade every submission in SUBMISSIONS=dir by LAB=n; TESTS_DIR=dir ENGINE=local|slurm OUT=dir'
	@echo '  mutants       grade students'"'"' mistakes: LAB=n, M=name, QUICK=1 a few; each must lose its tests and show its hint'
	@echo '  test-deep     minutes more: guests that only talk, on every machine'
	@echo '  steady        RUNS=n LABS="1 2-start": the same grade each time, on a busy host'
	@echo '  grade-cost    the time of a grade and of its bare QEMU boots'
	@echo '  autograder    LAB=n for Gradescope and GitHub Classroom  test-class   the two on 50 submissions; first: setup-class'
	@echo '  bench         count the instructions of hypercalls, faults, switches, messages'
	@echo '  labs          write the course repository build/course.git'
	@echo '  fuzz          hostile hypercalls, SECONDS=n (needs clang); FINDING=file repeats one'
	@echo '  check-handouts   run what the handouts show; PAGE=name WRITE=1   docs-check   each page of the site, in a browser'
	@echo '  drawings      the drawings of the handouts, from their sources: N=name'
	@echo '  check-labs    prove starters, solutions and merges       format, format-check   by .clang-format'
	@echo 'LAB=n SOLUTION=0|1    which stage, starter or reference'
else
	@echo 'LAB=n                 grade an earlier lab'"'"'s tests on this tree'
endif
	@echo 'MACHINE=virt|virt-gicv2|virt-secure|virt-secure-gicv2|versal   where to boot'
	@echo 'CPU=cortex-a53  SMP=n  MEM=1G  ARGS="boot arguments"     how to boot'
	@echo 'T=name V=1            one test; with its transcript      JOBS=n SEED=x   tests at a time; the same nonces each time'
	@echo 'CROSS_COMPILE=prefix- O=-Og|-O2 WERROR=1 CHECKED=1       how to compile; CHECKED: invariants behind every hypercall'

endif # of setup
