#!/bin/sh
# A check of the Script Check Engine (oscap xccdf eval): asks sallyportctl about
# one item.  XCCDF_VALUE_SALLYPORT_ITEM is "BENCHMARK ID".
set -u
: "${XCCDF_RESULT_PASS:=101}" "${XCCDF_RESULT_FAIL:=102}" "${XCCDF_RESULT_ERROR:=103}"
: "${XCCDF_RESULT_NOT_APPLICABLE:=105}"
item=${XCCDF_VALUE_SALLYPORT_ITEM:?}
said=$(sallyportctl compliance --item "${item#* }" "${item%% *}" 2>&1)
status=$?
printf '%s\n' "$said"
case $status in
0)
	case $said in
	*"
N/A   "*) exit "$XCCDF_RESULT_NOT_APPLICABLE" ;;
	esac
	exit "$XCCDF_RESULT_PASS"
	;;
1) exit "$XCCDF_RESULT_FAIL" ;;
esac
exit "$XCCDF_RESULT_ERROR"
