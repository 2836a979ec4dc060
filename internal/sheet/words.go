package sheet

import (
	"strings"
	"unicode"
)

// operationHeaders are the folded headers of columns of operations, in the
// languages of Control Hub.
var operationHeaders = wordSet(`operation op action operationtype actiontype vorgang aktion opération action
	operación acción operação ação operazione azione bewerking actie åtgärd handling toiminto toimenpide
	operacja akcja operace akce művelet işlem операция действие 操作 動作 动作 アクション 작업 동작 tindakan פעולה إجراء`)

// deleteVerbs and updateVerbs are words for operations other than create, in
// lower case. A column with such words probably holds operations, whatever its
// header.
var (
	deleteVerbs = wordSet(`delete deleted remove removed del rm drop purge erase offboard offboarded terminate
	terminated deprovision deactivate deactivated disable disabled suspend suspended leaver
	löschen gelöscht entfernen entfernt deaktivieren deaktiviert sperren austritt
	supprimer supprimé effacer désactiver
	eliminar eliminado borrar desactivar
	excluir apagar remover desativar
	eliminare elimina rimuovere cancellare disattivare
	verwijderen verwijderd wissen deactiveren
	radera inaktivera slette slet fjern fjerne poista
	usuń usunąć smazat odstranit törlés töröl sil
	удалить уволен видалити 削除 删除 刪除 삭제 מחק حذف`)
	updateVerbs = wordSet(`update updated change changed modify modified edit patch replace ändern geändert
		aktualisieren modifier modificar actualizar alterar atualizar modificare aggiornare wijzigen bijwerken
		ändra uppdatera opdater oppdater endre päivitä muuta zmień aktualizuj změnit módosít güncelle изменить
		обновить 更新 変更 修改 更改 수정 변경`)
)

// namesDelete reports whether a header has a word for delete: "Delete?", "To be
// removed", "削除フラグ".
func namesDelete(header string) bool {
	lower := strings.ToLower(header)
	between := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }
	for word := range strings.FieldsFuncSeq(lower, between) {
		if deleteVerbs[word] {
			return true
		}
	}
	for _, word := range []string{"削除", "删除", "刪除", "삭제"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

// activeHeaders are folded headers of other products for columns that say who
// may sign in. If such a column were ignored, users who may not would be
// created as users who may.
var activeHeaders = wordSet(`enabled isenabled accountenabled userenabled isactive accountactive blocked isblocked
	accountblocked blockcredential blocksignin signinblocked signinallowed locked islocked accountlocked aktiv
	aktiviert kontoaktiviert gesperrt kontogesperrt actif activé bloqué activo activado habilitado bloqueado
	ativo attivo abilitato bloccato actief geblokkeerd aktywny zablokowany активен заблокирован 有効 無効 启用 禁用 활성`)

// secretWords are parts of the headers of passwords, folded.
var secretWords = strings.Fields(`password passwort kennwort passphrase passwd pwd passcode motdepasse
	contraseña contrasena clave senha parola wachtwoord lösenord adgangskode passord salasana hasło heslo jelszó
	şifre пароль パスワード 暗証 密码 密碼 비밀번호 암호 סיסמ secret`)

func wordSet(words string) map[string]bool {
	set := make(map[string]bool)
	for _, word := range strings.Fields(words) {
		set[word] = true
	}
	return set
}
