/*
 * The messages of the recorder.  Part of messages.h.
 *
 * A monitor starts one for each channel that is recorded, and gives it the
 * file and the ends of the streams in single messages before `record_go`.
 */
#ifndef PRIVSEP_MESSAGES_RECORDER_H
#define PRIVSEP_MESSAGES_RECORDER_H

/* clang-format off */
#define WALL_MONITOR_RECORDER(MSG)                  \
	MSG(record_begin, ANY_STATE, 1, 0, no)      \
	MSG(record_file, ANY_STATE, 1, 1, no)       \
	MSG(record_terminal, ANY_STATE, 1, 2, no)   \
	MSG(record_output, ANY_STATE, 1, 4, no)     \
	MSG(record_input, ANY_STATE, 1, 2, no)      \
	MSG(record_go, ANY_STATE, 1, 0, recording)  \
	MSG(record_size, ANY_STATE, 0, 0, no)       \
	MSG(record_ended, ANY_STATE, 1, 0, no)      \
	MSG(record_close, ANY_STATE, 2, 0, recorded)
/*
 * Read while it is root: whom to become, where its empty root directory is.
 * input: what the client sends is recorded, too.  required: nothing passes that
 * is not recorded.
 */
#define WALL_record_begin(F)                                              \
	F(u8, log_level, 15) F(u32, uid, U32) F(u32, gid, U32)            \
	F(text, empty, 4095) F(text, title, 128) F(flag, input, 1)        \
	F(flag, required, 1)
/* The file, and its first line with LF.  Without one it only passes bytes on. */
#define WALL_record_file(F) \
	F(u64, max_size, U64) F(bytes, header, WALL_HEADER_MAX)
/* The terminal's master side, which gets these modes (RFC 4254 section 8); the
 * stream to the worker. */
#define WALL_record_terminal(F) F(bytes, modes, WALL_MODES_MAX)
/* Output: of the program, to the worker; standard error: likewise. */
#define WALL_record_output(F)
/* Standard input: of the worker, to the program. */
#define WALL_record_input(F)
#define WALL_record_go(F)
#define WALL_record_size(F)                              \
	F(u32, columns, U32) F(u32, rows, U32) F(u32, width, U32) \
	F(u32, height, U32)
/* The program has ended; signal: its name without SIG, "" without. */
#define WALL_record_ended(F) F(u32, status, 255) F(text, signal, 32)
/* The channel is closed: what is there is taken.  The program's end is waited
 * for a little, unless this is the last order. */
#define WALL_record_close(F) F(flag, last, 1)

#define WALL_RECORDER_MONITOR(MSG)             \
	MSG(recording, ANY_STATE, 1, 0, no)    \
	MSG(record_failed, ANY_STATE, 1, 0, no) \
	MSG(recorded, ANY_STATE, 1, 0, no)     \
	MSG(recorder_log, ANY_STATE, 200, 0, no)
/* The file has its first line, or trouble says why it has not. */
#define WALL_recording(F) F(text, trouble, WALL_TEXT_MAX)
/* Nothing more is recorded: max_size is reached (full), or reason. */
#define WALL_record_failed(F) F(flag, full, 1) F(text, reason, WALL_TEXT_MAX)
/* The file as it is on disk; what came of each stream; end: as the manifest
 * has it. */
#define WALL_recorded(F)                                                \
	F(u64, bytes, U64) F(u64, blocks, U64) F(bytes, head, 32)       \
	F(u64, output, U64) F(u64, error, U64) F(u64, input, U64)       \
	F(u64, hidden, U64) F(u64, marks, U64)                          \
	F(text, end, WALL_TEXT_MAX)
#define WALL_recorder_log(F) F(choice, level, LOG_LEVEL_COUNT) F(text, line, WALL_TEXT_MAX)

#define WALL_RECORDER_PATHS(PATH) \
	PATH(MONITOR_RECORDER)    \
	PATH(RECORDER_MONITOR)
#define WALL_RECORDER_MESSAGES(MSG) \
	WALL_MONITOR_RECORDER(MSG)  \
	WALL_RECORDER_MONITOR(MSG)
/* clang-format on */

#endif
