/* printf's formatting, for printk. No floating point, no allocation; the output goes character by
 * character to a function. */
#include <hv8/console.h>
#include <hv8/string.h>

int format_number(char *text, u64 value, unsigned int base)
{
#if SOLUTION >= 1
	char reversed[64];
	int length = 0, i;

	do {
		reversed[length++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	for (i = 0; i < length; i++)
		text[i] = reversed[length - 1 - i];
	return length;
#else
	/*
	 * LAB 1: the digits of `value` in `base`, most significant first, and how many there are; 0
	 * has one digit. Division gives the digits in the wrong order: the least significant first.
	 * Until this works the kernel cannot tell you an address. Checked by numbers at the ends of
	 * their range.
	 */
	todo("format_number");
#endif
}

static void put_padded(void (*put)(char, void *), void *context, const char *text, int length,
                       int width, bool left, char pad)
{
	int i;

	for (i = length; !left && i < width; i++)
		put(pad, context);
	for (i = 0; i < length; i++)
		put(text[i], context);
	for (i = length; left && i < width; i++)
		put(' ', context);
}

void format(void (*put)(char, void *), void *context, const char *format, va_list arguments)
{
	for (; *format; format++) {
		bool left = false, zero = false, negative = false;
		int width = 0, longs = 0, length = 0;
		const char *start = format, *string;
		char text[67];
		u64 value;

		if (*format != '%') {
			put(*format, context);
			continue;
		}
		for (format++; *format == '-' || *format == '0'; format++)
			*format == '-' ? (left = true) : (zero = true);
		for (; *format >= '0' && *format <= '9'; format++)
			width = 10 * width + *format - '0';
		for (; *format == 'l'; format++)
			longs++;
		switch (*format) {
		case '%':
			put('%', context);
			break;
		case 'c':
			text[0] = (char)va_arg(arguments, int);
			put_padded(put, context, text, 1, width, left, ' ');
			break;
		case 's':
			string = va_arg(arguments, const char *);
			if (!string)
				string = "(null)";
			put_padded(put, context, string, (int)strlen(string), width, left, ' ');
			break;
		case 'p':
			length = format_number(text, va_arg(arguments, u64), 16);
			put('0', context);
			put('x', context);
			put_padded(put, context, text, length, 16, false, '0');
			break;
		case 'd':
			value = longs ? va_arg(arguments, u64) : (u64)va_arg(arguments, int);
			negative = value >> 63;
			length = format_number(text, negative ? -value : value, 10);
			if (negative && zero) {
				put('-', context);
				width--;
			} else if (negative) {
				for (int i = length++; i > 0; i--)
					text[i] = text[i - 1];
				text[0] = '-';
			}
			put_padded(put, context, text, length, width, left,
			           zero && !left ? '0' : ' ');
			break;
		case 'u':
		case 'x':
			value = longs ? va_arg(arguments, u64) : va_arg(arguments, unsigned int);
			length = format_number(text, value, *format == 'x' ? 16 : 10);
			put_padded(put, context, text, length, width, left,
			           zero && !left ? '0' : ' ');
			break;
		default: /* unknown: print it as it stands, and do not run past the end of the
		            format */
			if (*format == '\0')
				format--;
			while (start <= format)
				put(*start++, context);
		}
	}
}
