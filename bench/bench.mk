# What `make bench` adds to the kernel and its programs; read when BENCH is set. No course branch has this folder.

KERNEL += bench/kernel/crossing.c bench/kernel/vectors.S
USER_LIB += bench/user/fault.S
PROGRAMS += bench/user/bench.c bench/user/interrupts.c

$(B)/bench/kernel/%.o: bench/kernel/% $(B)/offsets.h $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(call compile,$(CC_KERNEL) $(KFLAGS))
$(B)/bench/user/%.o: bench/user/% $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(call compile,$(CC_KERNEL) $(UFLAGS))
