"""System registers and their fields, named as the Arm ARM (chapter D19, "AArch64 System Register Descriptions") names them.

Only what graders look at is here; of the GIC, as GICv3's IHI 0069 names it (12.2 and 12.4). EL2 registers have the layout for
HCR_EL2.E2H = 0. A register without fields is compared whole.
"""
import re

_TIMER = "ENABLE 0 IMASK 1 ISTATUS 2"
_LAYOUT = {
    "SCTLR_EL2": "M 0 A 1 C 2 SA 3 SA0 4 CP15BEN 5 nAA 6 ITD 7 SED 8 EnRCTX 10 EOS 11 I 12 EnDB 13 DZE 14 UCT 15 nTWI 16 "
                 "nTWE 18 WXN 19 TSCXT 20 IESB 21 EIS 22 SPAN 23 E0E 24 EE 25 UCI 26 EnDA 27 nTLSMD 28 LSMAOE 29 EnIB 30 "
                 "EnIA 31 CMOW 32 MSCEn 33 BT0 35 BT 36 ITFSB 37 TCF0 39:38 TCF 41:40 ATA0 42 ATA 43 DSSBS 44 TWEDEn 45 "
                 "TWEDEL 49:46 EPAN 57 EnTP2 60 NMI 61 SPINTMASK 62 TIDCP 63",
    "SCTLR_EL1": "M 0 A 1 C 2 SA 3 SA0 4 CP15BEN 5 nAA 6 ITD 7 SED 8 UMA 9 EnRCTX 10 EOS 11 I 12 EnDB 13 DZE 14 UCT 15 "
                 "nTWI 16 nTWE 18 WXN 19 TSCXT 20 IESB 21 EIS 22 SPAN 23 E0E 24 EE 25 UCI 26 EnDA 27 nTLSMD 28 LSMAOE 29 "
                 "EnIB 30 EnIA 31 CMOW 32 MSCEn 33 BT0 35 BT1 36 ITFSB 37 TCF0 39:38 TCF 41:40 ATA0 42 ATA 43 DSSBS 44 "
                 "TWEDEn 45 TWEDEL 49:46 EPAN 57 EnTP2 60 NMI 61 SPINTMASK 62 TIDCP 63",
    "TCR_EL2": "T0SZ 5:0 IRGN0 9:8 ORGN0 11:10 SH0 13:12 TG0 15:14 PS 18:16 TBI 20 HA 21 HD 22 HPD 24 HWU59 25 HWU60 26 "
               "HWU61 27 HWU62 28 TBID 29 TCMA 30 DS 32",
    "TCR_EL1": "T0SZ 5:0 EPD0 7 IRGN0 9:8 ORGN0 11:10 SH0 13:12 TG0 15:14 T1SZ 21:16 A1 22 EPD1 23 IRGN1 25:24 ORGN1 27:26 "
               "SH1 29:28 TG1 31:30 IPS 34:32 AS 36 TBI0 37 TBI1 38 HA 39 HD 40 HPD0 41 HPD1 42 TBID0 51 TBID1 52 NFD0 53 "
               "NFD1 54 E0PD0 55 E0PD1 56 TCMA0 57 TCMA1 58 DS 59",
    "MAIR_EL1": "Attr0 7:0 Attr1 15:8 Attr2 23:16 Attr3 31:24 Attr4 39:32 Attr5 47:40 Attr6 55:48 Attr7 63:56",
    "MAIR_EL2": "Attr0 7:0 Attr1 15:8 Attr2 23:16 Attr3 31:24 Attr4 39:32 Attr5 47:40 Attr6 55:48 Attr7 63:56",
    "TTBR0_EL2": "CnP 0 BADDR 47:1",
    "TTBR0_EL1": "CnP 0 BADDR 47:1 ASID 63:48",
    "HCR_EL2": "VM 0 SWIO 1 PTW 2 FMO 3 IMO 4 AMO 5 VF 6 VI 7 VSE 8 FB 9 BSU 11:10 DC 12 TWI 13 TWE 14 TID0 15 TID1 16 TID2 17 "
               "TID3 18 TSC 19 TIDCP 20 TACR 21 TSW 22 TPCP 23 TPU 24 TTLB 25 TVM 26 TGE 27 TDZ 28 HCD 29 TRVM 30 RW 31 CD 32 "
               "ID 33 E2H 34 TLOR 35 TERR 36 TEA 37 MIOCNCE 38 TME 39 APK 40 API 41 NV 42 NV1 43 AT 44 NV2 45 FWB 46 FIEN 47 "
               "GPF 48 TID4 49 TICAB 50 AMVOFFEN 51 TOCU 52 EnSCXT 53 TTLBIS 54 TTLBOS 55 ATA 56 DCT 57 TID5 58 TWEDEn 59 "
               "TWEDEL 63:60",
    "CPTR_EL2": "TZ 8 TFP 10 TSM 12 TTA 20 TAM 30 TCPAC 31",
    "MDCR_EL2": "HPMN 4:0 TPMCR 5 TPM 6 HPME 7 TDE 8 TDA 9 TDOSA 10 TDRA 11 E2PB 13:12 TPMS 14 EnSPM 15 HPMD 17 TTRF 19 "
                "HCCD 23 E2TB 25:24 HLP 26 TDCC 27 MTPME 28 HPMFZO 29 PMSSE 31:30 HPMFZS 36",
    "CNTHCTL_EL2": "EL1PCTEN 0 EL1PCEN 1 EVNTEN 2 EVNTDIR 3 EVNTI 7:4 ECV 12 EL1TVT 13 EL1TVCT 14 EL1NVPCT 15 EL1NVVCT 16 "
                   "EVNTIS 17 CNTVMASK 18 CNTPMASK 19",
    "CNTKCTL_EL1": "EL0PCTEN 0 EL0VCTEN 1 EVNTEN 2 EVNTDIR 3 EVNTI 7:4 EL0VTEN 8 EL0PTEN 9 EVNTIS 17 CNTVMASK 18 CNTPMASK 19",
    "CNTFRQ_EL0": "ClockFreq 31:0",
    "CNTHP_CTL_EL2": _TIMER, "CNTP_CTL_EL0": _TIMER, "CNTV_CTL_EL0": _TIMER,
    "CNTHP_CVAL_EL2": "", "CNTP_CVAL_EL0": "", "CNTV_CVAL_EL0": "",
    "ICC_PMR_EL1": "Priority 7:0", "ICC_RPR_EL1": "Priority 7:0", "ICC_BPR1_EL1": "BinaryPoint 2:0",
    "ICC_IGRPEN0_EL1": "Enable 0", "ICC_IGRPEN1_EL1": "Enable 0", "ICC_HPPIR1_EL1": "INTID 23:0", "ICC_AP1R0_EL1": "",
    "ICC_CTLR_EL1": "CBPR 0 EOImode 1 PMHE 6 PRIbits 10:8 IDbits 13:11 SEIS 14 A3V 15 RSS 18 ExtRange 19",
    "ICC_SRE_EL1": "SRE 0 DFB 1 DIB 2", "ICC_SRE_EL2": "SRE 0 DFB 1 DIB 2 Enable 3",
    "ICH_HCR_EL2": "En 0 UIE 1 LRENPIE 2 NPIE 3 VGrp0EIE 4 VGrp0DIE 5 VGrp1EIE 6 VGrp1DIE 7 vSGIEOICount 8 TC 10 TALL0 11 "
                   "TALL1 12 TSEI 13 TDIR 14 DVIM 15 EOIcount 31:27",
    "ICH_VTR_EL2": "ListRegs 4:0 DVIM 18 TDS 19 nV4 20 A3V 21 SEIS 22 IDbits 25:23 PREbits 28:26 PRIbits 31:29",
    "ICH_VMCR_EL2": "VENG0 0 VENG1 1 VAckCtl 2 VFIQEn 3 VCBPR 4 VEOIM 9 VBPR1 20:18 VBPR0 23:21 VPMR 31:24",
    "ICH_MISR_EL2": "EOI 0 U 1 LRENP 2 NP 3 VGrp0E 4 VGrp0D 5 VGrp1E 6 VGrp1D 7",
    "ICH_EISR_EL2": "Status 15:0", "ICH_ELRSR_EL2": "Status 15:0", "ICH_AP0R0_EL2": "", "ICH_AP1R0_EL2": "",
    **dict.fromkeys(("ICH_LR%d_EL2" % n for n in range(16)),
                    "vINTID 31:0 pINTID 44:32 Priority 55:48 NMI 59 Group 60 HW 61 State 63:62"),      # HW = 0: EOI is pINTID bit 9
    "ESR_EL1": "ISS 24:0 IL 25 EC 31:26",
    "ESR_EL2": "ISS 24:0 IL 25 EC 31:26",
    "SPSR_EL2": "M 4:0 F 6 I 7 A 8 D 9 BTYPE 11:10 SSBS 12 ALLINT 13 IL 20 SS 21 PAN 22 UAO 23 DIT 24 TCO 25 V 28 C 29 Z 30 N 31",
    "CPACR_EL1": "ZEN 17:16 FPEN 21:20 SMEN 25:24 TTA 28",
    "VTTBR_EL2": "CnP 0 BADDR 47:1 VMID 63:48",
    "VBAR_EL1": "", "VBAR_EL2": "", "CNTVOFF_EL2": "", "TPIDR_EL2": "", "sp": "", "pc": "",
    "cpsr": "M 4:0 F 6 I 7 A 8 D 9 IL 20 SS 21 PAN 22 V 28 C 29 Z 30 N 31",
}

# Exception classes, ESR_ELx.EC.
CLASSES = {
    0x00: "unknown reason (undefined instruction)", 0x01: "trapped WFI or WFE", 0x03: "trapped MCR or MRC (AArch32)",
    0x04: "trapped MCRR or MRRC (AArch32)", 0x05: "trapped MCR or MRC (AArch32)", 0x06: "trapped LDC or STC (AArch32)",
    0x07: "trapped FP or SIMD", 0x08: "trapped VMRS (AArch32)", 0x09: "trapped pointer authentication",
    0x0a: "trapped LD64B or ST64B", 0x0c: "trapped MRRC (AArch32)", 0x0d: "branch target exception",
    0x0e: "illegal execution state",
    0x11: "SVC (AArch32)", 0x12: "HVC (AArch32)", 0x13: "SMC (AArch32)", 0x15: "SVC", 0x16: "HVC", 0x17: "SMC",
    0x18: "trapped system register", 0x19: "trapped SVE", 0x1a: "trapped ERET", 0x1c: "pointer authentication failure",
    0x1d: "trapped SME", 0x20: "instruction abort from a lower level", 0x21: "instruction abort", 0x22: "PC alignment fault",
    0x24: "data abort from a lower level", 0x25: "data abort", 0x26: "SP alignment fault", 0x28: "FP exception (AArch32)",
    0x2c: "FP exception", 0x2f: "SError", 0x30: "breakpoint from a lower level", 0x31: "breakpoint",
    0x32: "software step from a lower level", 0x33: "software step", 0x34: "watchpoint from a lower level", 0x35: "watchpoint",
    0x38: "BKPT (AArch32)", 0x3a: "vector catch (AArch32)", 0x3c: "BRK",
}

# What is not a system register but has fields: descriptors (D8.3.1, 4 KiB granule), syndromes (D19.2.38), TLBI arguments (D8.14.5);
# registers in memory, of the PL011 (DDI 0183 3.3) and of the GIC (IHI 0048 4.3, 4.4, 5.3; IHI 0069 12.9, 12.11), in the view of
# non-secure software.
_PAGE = "Valid 0 Table 1 AttrIndx 4:2 %s SH 9:8 AF 10 %s Address 47:%d GP 50 DBM 51 Contiguous 52 %s Software 58:55 PBHA 62:59"
_BYTES = "%s0 7:0 %s1 15:8 %s2 23:16 %s3 31:24"
_INTERRUPTS = "RIM%s 0 CTSM%s 1 DCDM%s 2 DSRM%s 3 RX%s 4 TX%s 5 RT%s 6 FE%s 7 PE%s 8 BE%s 9 OE%s 10"
_FORMATS = {
    "EL2_TABLE": "Valid 0 Table 1 Address 47:12 XNTable 60 APTable1 62",
    "EL2_BLOCK": _PAGE % ("AP1 6 AP2 7", "nT 16", 21, "XN 54"),
    "EL2_PAGE": _PAGE % ("AP1 6 AP2 7", "", 12, "XN 54"),
    "EL1_TABLE": "Valid 0 Table 1 Address 47:12 PXNTable 59 UXNTable 60 APTable0 61 APTable1 62",
    "EL1_PAGE": _PAGE % ("AP1 6 AP2 7", "nG 11", 12, "PXN 53 UXN 54"),
    "ISS_DATA_ABORT": "DFSC 5:0 WnR 6 S1PTW 7 CM 8 EA 9 FnV 10 SET 12:11 VNCR 13 AR 14 SF 15 SRT 20:16 SSE 21 SAS 23:22 ISV 24",
    "ISS_MSR": "Direction 0 CRm 4:1 Rt 9:5 CRn 13:10 Op1 16:14 Op2 19:17 Op0 21:20",
    "TLBI_VAE1IS": "VA 43:0 TTL 47:44 ASID 63:48", "TLBI_ASIDE1IS": "ASID 63:48",
    "PL011_DR": "DATA 7:0 FE 8 PE 9 BE 10 OE 11", "PL011_RSR": "FE 0 PE 1 BE 2 OE 3",
    "PL011_FR": "CTS 0 DSR 1 DCD 2 BUSY 3 RXFE 4 TXFF 5 RXFF 6 TXFE 7 RI 8",
    "PL011_IBRD": "DIVINT 15:0", "PL011_FBRD": "DIVFRAC 5:0",
    "PL011_LCR_H": "BRK 0 PEN 1 EPS 2 STP2 3 FEN 4 WLEN 6:5 SPS 7",
    "PL011_CR": "UARTEN 0 SIREN 1 SIRLP 2 LBE 7 TXE 8 RXE 9 DTR 10 RTS 11 Out1 12 Out2 13 RTSEn 14 CTSEn 15",
    "PL011_IFLS": "TXIFLSEL 2:0 RXIFLSEL 5:3",
    "PL011_IMSC": _INTERRUPTS.replace("%s", "IM"), "PL011_ICR": _INTERRUPTS.replace("%s", "IC"),
    "GICD_CTLR": "EnableGrp1 0 EnableGrp1A 1 ARE_NS 4 RWP 31", "GICR_WAKER": "ProcessorSleep 1 ChildrenAsleep 2",
    "GICD_IPRIORITYR": _BYTES.replace("%s", "Priority"), "GICD_ITARGETSR": _BYTES.replace("%s", "Targets"),
    "GICD_ICFGR": " ".join("Config%d %d:%d" % (n, 2 * n + 1, 2 * n) for n in range(16)),
    "GICC_CTLR": "EnableGrp1 0 FIQBypDisGrp1 5 IRQBypDisGrp1 6 EOImodeNS 9",
    "GICC_PMR": "Priority 7:0", "GICC_IAR": "INTID 9:0 CPUID 12:10",
    "GICH_LR": "VirtualID 9:0 PhysicalID 19:10 Priority 27:23 State 29:28 Grp1 30 HW 31",                # HW = 0: EOI is bit 19
    "GICH_HCR": "En 0 UIE 1 LRENPIE 2 NPIE 3 VGrp0EIE 4 VGrp0DIE 5 VGrp1EIE 6 VGrp1DIE 7 EOICount 31:27",
    "GICH_VMCR": "VMGrp0En 0 VMGrp1En 1 VMAckCtl 2 VMFIQEn 3 VMCBPR 4 VEM 9 VMABP 20:18 VMBP 23:21 VMPriMask 31:27",
}

# What the values of some fields mean: those that are easily mixed up. (Pattern of REGISTER.FIELD, {value: meaning} or a function.)
_CACHED = {0: "non-cacheable", 1: "write-back, allocates on read and write", 2: "write-through", 3: "write-back, no write allocate"}
MEANINGS = (
    (r"TCR_EL.\.SH[01]", {0: "non-shareable", 1: "reserved", 2: "outer shareable", 3: "inner shareable"}),
    (r"TCR_EL.\.[IO]RGN[01]", _CACHED),
    (r"TCR_EL.\.TG0", {0: "4 KiB", 1: "64 KiB", 2: "16 KiB", 3: "reserved"}),
    (r"TCR_EL.\.TG1", {0: "reserved", 1: "16 KiB", 2: "4 KiB", 3: "64 KiB"}),
    (r"TCR_EL.\.I?PS", {n: "%d bits" % bits for n, bits in enumerate((32, 36, 40, 42, 44, 48, 52))}),
    (r"TCR_EL.\.T[01]SZ", lambda size: "addresses of %d bits" % (64 - size)),
    (r"MAIR_EL.\.Attr\d", {0x00: "Device-nGnRnE", 0x04: "Device-nGnRE", 0x08: "Device-nGRE", 0x0c: "Device-GRE",
                           0x44: "Normal, non-cacheable", 0xbb: "Normal, write-through", 0xff: "Normal, write-back"}),
    (r"V?TTBR0_EL.\.BADDR", lambda half: "0x%x" % (half << 1)),
    (r"ICH_LR\d+_EL2\.State", {0: "inactive", 1: "pending", 2: "active", 3: "pending and active"}),
    (r"CNTHCTL_EL2\.EL1PCT?EN", {0: "trapped to EL2", 1: "not trapped"}),
    (r"CNTKCTL_EL1\.EL0[PV]C?TEN", {0: "trapped to EL1", 1: "not trapped"}),
    (r"CPTR_EL2\.T\w+", {0: "not trapped", 1: "trapped to EL2"}),
    (r"ICC_SRE_EL.\.SRE", {0: "memory-mapped interface", 1: "system registers"}),
    (r"ESR_EL.\.EC", CLASSES),
    (r"cpsr\.M", {0: "EL0", 4: "EL1 with SP_EL0", 5: "EL1", 8: "EL2 with SP_EL0", 9: "EL2"}),
)

# QEMU's gdbstub names registers shared with AArch32 so.
GDB_NAMES = {"SCTLR_EL1": ("SCTLR",), "VBAR_EL1": ("VBAR",), "CNTKCTL_EL1": ("CNTKCTL",), "CPACR_EL1": ("CPACR",)}

# Registers that the gdbstub does not know, as MRS names them: op0, op1, CRn, CRm, op2. Only a GICv3 has them.
ENCODINGS = {
    "ICC_PMR_EL1": (3, 0, 4, 6, 0), "ICC_AP1R0_EL1": (3, 0, 12, 9, 0), "ICC_RPR_EL1": (3, 0, 12, 11, 3),
    "ICC_HPPIR1_EL1": (3, 0, 12, 12, 2), "ICC_BPR1_EL1": (3, 0, 12, 12, 3), "ICC_CTLR_EL1": (3, 0, 12, 12, 4),
    "ICC_SRE_EL1": (3, 0, 12, 12, 5), "ICC_IGRPEN0_EL1": (3, 0, 12, 12, 6), "ICC_IGRPEN1_EL1": (3, 0, 12, 12, 7),
    "ICC_SRE_EL2": (3, 4, 12, 9, 5), "ICH_AP0R0_EL2": (3, 4, 12, 8, 0), "ICH_AP1R0_EL2": (3, 4, 12, 9, 0),
    "ICH_HCR_EL2": (3, 4, 12, 11, 0), "ICH_VTR_EL2": (3, 4, 12, 11, 1), "ICH_MISR_EL2": (3, 4, 12, 11, 2),
    "ICH_EISR_EL2": (3, 4, 12, 11, 3), "ICH_ELRSR_EL2": (3, 4, 12, 11, 5), "ICH_VMCR_EL2": (3, 4, 12, 11, 7),
    **{"ICH_LR%d_EL2" % n: (3, 4, 12, 12 + n // 8, n % 8) for n in range(16)},
}


def _parse(layout):
    fields = {}
    for name, bits in re.findall(r"(\w+) (\d+(?::\d+)?)", layout):
        high, _, low = bits.partition(":")
        fields[name] = (int(high), int(low or high))
    return fields


RES1 = {"SCTLR_EL2": 0x30c50830, "TCR_EL2": 0x80800000}        # the bits that are reserved, one; read as a field of this name
PL011 = {0x00: "DR", 0x04: "RSR", 0x18: "FR", 0x24: "IBRD", 0x28: "FBRD", 0x2c: "LCR_H", 0x30: "CR", 0x34: "IFLS", 0x38: "IMSC",
         0x44: "ICR"}               # by their offsets
REGISTERS = {name: _parse(layout) for name, layout in _LAYOUT.items()}
FORMATS = {name: _parse(layout) for name, layout in _FORMATS.items()}


def gdb_names(register):
    """Names under which a gdbstub may know a register."""
    return (register,) + GDB_NAMES.get(register, ())


def field(register, name, value):
    """The value of one field of a register's value."""
    if name == "RES1":
        return value & RES1[register]
    high, low = REGISTERS[register][name]
    return value >> low & (1 << (high - low + 1)) - 1


def differences(register, expected, got):
    """The fields in which two values of a register differ, a text for each; bits outside any field are named by number."""
    found, known = [], 0
    for name, (high, low) in REGISTERS[register].items():
        known |= ((1 << (high - low + 1)) - 1) << low
        a, b = field(register, name, expected), field(register, name, got)
        if a != b:
            found.append(difference(register, name, a, b))
    found += ["%s bit %d: expected %d, got %d" % (register, bit, expected >> bit & 1, got >> bit & 1)
              for bit in range(64) if (expected ^ got) & ~known & 1 << bit]
    return found if REGISTERS[register] else []


def difference(register, name, expected, got):
    """The words for a field that is not what it should be."""
    return "%s.%s: expected %s, got %s" % (register, name, value_text(register, name, expected), value_text(register, name, got))


def value_text(register, name, value):
    """A field's value, with its meaning where the manual gives values names."""
    text, named = str(value) if value < 10 else "0x%x" % value, meaning(register, name, value)
    return "%s (%s)" % (text, named) if named else text


def meaning(register, name, value):
    """What the manual calls this value of a field, or None."""
    for pattern, meanings in MEANINGS:
        if re.fullmatch(pattern, register + "." + name):
            return meanings.get(value) if isinstance(meanings, dict) else meanings(value)
    return None
