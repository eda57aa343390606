#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H
/* Every command, by the file that has it. */
#include "ctl/ctl.h"

extern const struct command status_command, doctor_command;
extern const struct command alerts_command, events_command, coverage_command;
extern const struct command why_command, explain_command;
extern const struct command check_command, list_command, show_command, fields_command;
extern const struct command import_sigma_command;
extern const struct command policy_reload_command, policy_confirm_command, diff_command;
extern const struct command reload_command, monitor_command, enforce_command, confirm_command;
extern const struct command verify_command, keys_show_command, keys_init_command, keys_rotate_command;
extern const struct command help_command;

#endif
