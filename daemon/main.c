/*
 * sallyportd: reads its arguments and becomes the process they name.
 */
#include <stdio.h>

int
main(void)
{
	fputs("sallyportd: not yet\n", stderr);
	return 1;
}
